import { createHash } from "node:crypto";
import { type Compression, type Digest, detectCompression } from "@a3s/core";
import { contentDigest } from "../content/content-digest.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import { parseImageConfig } from "../manifest/image-config.ts";
import { MAX_CONFIG_BYTES } from "../manifest/json-document.ts";
import type { TypedManifest } from "../manifest/select-image.ts";
import type { TransportCall } from "../transport/transport.ts";
import type { ArchiveFiles } from "./archive-files.ts";
import type { DockerImage } from "./docker-manifest.ts";
import { MAGIC_BYTES } from "./unpack.ts";

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPES: Readonly<Record<Compression, string>> = {
  none: "application/vnd.oci.image.layer.v1.tar",
  gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
};

/** An image of a `docker save` archive as an OCI image. */
export interface SynthesisedImage {
  readonly manifest: TypedManifest;
  /** The archive's file for every blob. */
  readonly files: ReadonlyMap<Digest, string>;
}

/**
 * Makes the manifest that the archive does not have: the same archive always gives the same bytes. A plain layer is not read for it,
 * because the configuration names its digest; whoever reads the layer checks it. A packed one is read once.
 *
 * @throws OciError `ARCHIVE_INVALID`, `MANIFEST_INVALID`
 */
export async function synthesiseImage(
  archive: ArchiveFiles,
  image: DockerImage,
  call: TransportCall,
): Promise<SynthesisedImage> {
  const bytes = await archive.read(image.config, MAX_CONFIG_BYTES, call);
  if (bytes === undefined) throw archive.invalid(`it has no ${image.config}, which manifest.json names`);
  const config = { mediaType: CONFIG_TYPE, digest: contentDigest(bytes), size: bytes.length };
  const { diffIds } = parseImageConfig(bytes, config.digest);
  if (diffIds.length !== image.layers.length) {
    throw archive.invalid(`${image.config} has ${diffIds.length} diff IDs for ${image.layers.length} layers`);
  }
  const files = new Map<Digest, string>([[config.digest, image.config]]);
  const layers: ContentDescriptor[] = [];
  for (const [position, name] of image.layers.entries()) {
    const layer = await describeLayer(archive, name, diffIds[position] as Digest, call);
    layers.push(layer);
    files.set(layer.digest, name);
  }
  const document = { schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers };
  const manifest = Buffer.from(JSON.stringify(document), "utf8");
  return { manifest: { bytes: manifest, digest: contentDigest(manifest), mediaType: MANIFEST_TYPE }, files };
}

async function describeLayer(
  archive: ArchiveFiles,
  name: string,
  diffId: Digest,
  call: TransportCall,
): Promise<ContentDescriptor> {
  const size = await archive.size(name, call);
  if (size === undefined) throw archive.invalid(`it has no ${name}, which manifest.json names`);
  const start: Uint8Array[] = [];
  for await (const chunk of archive.stream(name, { start: 0, end: MAGIC_BYTES }, call)) start.push(chunk);
  const compression = detectCompression(Buffer.concat(start));
  const mediaType = LAYER_TYPES[compression];
  if (compression === "none") return { mediaType, digest: diffId, size };
  const hash = createHash("sha256");
  for await (const chunk of archive.stream(name, { start: 0, end: size }, call)) hash.update(chunk);
  return { mediaType, digest: `sha256:${hash.digest("hex")}`, size };
}
