import type { Digest } from "@a3s/core";
import * as v from "valibot";
import { OciError } from "../errors/oci-error.ts";
import { descriptorSchema } from "./descriptor.ts";
import { MAX_INDEX_BYTES, manifestInvalid, parseJsonDocument, parseShape } from "./json-document.ts";
import { bareMediaType, isImageConfigType, isLayerType, type ManifestKind, manifestKind } from "./media-type.ts";

/** Most layers of an image; overlayfs and Docker stop at about 128. */
export const MAX_LAYERS = 512;
/** Most entries of one index. */
const MAX_INDEX_ENTRIES = 4096;

const manifestSchema = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: v.optional(v.string()),
  artifactType: v.nullish(v.string()),
  config: descriptorSchema,
  layers: v.pipe(v.array(descriptorSchema), v.maxLength(MAX_LAYERS)),
});

const indexSchema = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: v.optional(v.string()),
  manifests: v.pipe(v.array(descriptorSchema), v.maxLength(MAX_INDEX_ENTRIES)),
});

/** An OCI image manifest or a Docker schema 2 manifest. */
export type ImageManifest = Readonly<v.InferOutput<typeof manifestSchema>>;
/** An OCI image index or a Docker manifest list. */
export type ImageIndex = Readonly<v.InferOutput<typeof indexSchema>>;

/** A manifest as it came: the exact bytes, their digest, and the media type that the source declared, if it did. */
export interface RawManifest {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  readonly mediaType?: string;
}

/** What a raw manifest turned out to be. `mediaType` is settled. */
export type ParsedManifest =
  | { readonly kind: "manifest"; readonly mediaType: string; readonly manifest: ImageManifest }
  | { readonly kind: "index"; readonly mediaType: string; readonly index: ImageIndex };

/**
 * Parses a manifest or an index and refuses what is no container image.
 *
 * @throws {@link OciError} `MANIFEST_INVALID`, `MANIFEST_UNSUPPORTED`
 */
export function parseManifest(raw: RawManifest): ParsedManifest {
  const what = `the manifest ${raw.digest}`;
  const value = parseJsonDocument({ bytes: raw.bytes, what, maxBytes: MAX_INDEX_BYTES });
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw manifestInvalid(what, "is not a JSON object");
  const { kind, mediaType } = settleKind(raw, value as Record<string, unknown>, what);
  if (kind === "index") return { kind, mediaType, index: parseShape(indexSchema, value, what) };
  const manifest = parseShape(manifestSchema, value, what);
  refuseArtifact(manifest, what);
  return { kind, mediaType, manifest };
}

/**
 * The declared type and the document must agree: a document that two clients read as two different images
 * is an attack (CVE-2021-41190), so a manifest with `manifests`, and an index with `layers`, are refused as well.
 */
function settleKind(raw: RawManifest, value: Record<string, unknown>, what: string) {
  const inside = typeof value["mediaType"] === "string" ? value["mediaType"] : undefined;
  const declared = raw.mediaType === undefined ? undefined : bareMediaType(raw.mediaType);
  const declaredKind = declared === undefined ? "unknown" : manifestKind(declared);
  if (declaredKind !== "unknown" && inside !== undefined && inside !== declared) {
    throw manifestInvalid(what, `was sent as ${declared} but says that it is ${JSON.stringify(inside.slice(0, 200))}`);
  }
  const mediaType = (declaredKind === "unknown" ? inside : declared) ?? typeOfShape(value);
  const kind: ManifestKind = mediaType === undefined ? "unknown" : manifestKind(mediaType);
  if (mediaType === undefined) throw manifestInvalid(what, "has no media type and neither layers nor manifests");
  if (kind === "unknown") throw unsupported(what, `is of the type ${JSON.stringify(mediaType.slice(0, 200))}`);
  if (kind === "schema1") throw unsupported(what, "is in Docker's schema 1 of before 2017");
  if (kind === "artifact") throw unsupported(what, "is an artifact manifest, not an image");
  const foreign = kind === "manifest" ? ["manifests"] : ["layers", "config"];
  const found = foreign.find((field) => field in value);
  if (found !== undefined) throw manifestInvalid(what, `is an image ${kind} but also has "${found}"`);
  return { kind, mediaType };
}

/** image-spec before 1.1 left `mediaType` out; then the fields decide. */
function typeOfShape(value: Record<string, unknown>): string | undefined {
  if ("manifests" in value) return "application/vnd.oci.image.index.v1+json";
  return "layers" in value ? "application/vnd.oci.image.manifest.v1+json" : undefined;
}

function refuseArtifact(manifest: ImageManifest, what: string): void {
  if (!isImageConfigType(manifest.config.mediaType)) {
    const type = manifest.artifactType ?? manifest.config.mediaType;
    throw unsupported(what, `is an artifact of the type ${JSON.stringify(type.slice(0, 200))}, not a container image`);
  }
  const layer = manifest.layers.find(({ mediaType }) => !isLayerType(mediaType));
  if (layer !== undefined) {
    throw unsupported(what, `has a layer of the type ${JSON.stringify(layer.mediaType)}, which is no tar archive`);
  }
}

function unsupported(what: string, fault: string): OciError {
  return new OciError({
    code: "MANIFEST_UNSUPPORTED",
    message: `${what.charAt(0).toUpperCase()}${what.slice(1)} ${fault}`,
    hint: "Only container images in OCI or Docker schema 2 format can be run; check the name and the tag.",
  });
}
