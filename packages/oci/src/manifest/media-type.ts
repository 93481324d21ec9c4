/** Media types of manifests that this package reads; sent as `Accept`. */
export const IMAGE_MANIFEST_TYPES = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
] as const;
export const IMAGE_INDEX_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
] as const;

/** What a manifest's media type says that it is. */
export type ManifestKind = "manifest" | "index" | "artifact" | "schema1" | "unknown";

const KINDS: ReadonlyMap<string, ManifestKind> = new Map<string, ManifestKind>([
  ...IMAGE_MANIFEST_TYPES.map((type) => [type, "manifest"] as const),
  ...IMAGE_INDEX_TYPES.map((type) => [type, "index"] as const),
  ["application/vnd.oci.artifact.manifest.v1+json", "artifact"],
  ["application/vnd.docker.distribution.manifest.v1+json", "schema1"],
  ["application/vnd.docker.distribution.manifest.v1+prettyjws", "schema1"],
]);

export function manifestKind(mediaType: string): ManifestKind {
  return KINDS.get(mediaType) ?? "unknown";
}

/** `application/json; charset=utf-8` -> `application/json`. */
export function bareMediaType(contentType: string): string {
  return contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

const CONFIG_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
]);

/** Whether a configuration blob of this type belongs to a container image; other types mark artifacts (image-spec manifest.md). */
export function isImageConfigType(mediaType: string): boolean {
  return CONFIG_TYPES.has(mediaType);
}

const LAYER_TYPE =
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar(?:\+(?:gzip|zstd))?|docker\.image\.rootfs\.(?:diff|foreign\.diff)\.tar(?:\.(?:gzip|zstd))?)$/;

/** Whether a layer of this type is not to be handed out by registries, and has addresses of its own (image-spec layer.md). */
export function isNondistributableType(mediaType: string): boolean {
  return isLayerType(mediaType) && /\.(?:nondistributable|foreign)\./.test(mediaType);
}

/** Whether a layer of this type is a tar archive, plain or packed with gzip or zstd. */
export function isLayerType(mediaType: string): boolean {
  return LAYER_TYPE.test(mediaType);
}
