import type { ContentDescriptor } from "../manifest/descriptor.ts";
import { parseImageConfig } from "../manifest/image-config.ts";
import { MAX_CONFIG_BYTES, manifestInvalid, tooLarge } from "../manifest/json-document.ts";
import type { SelectedImage } from "../manifest/select-image.ts";
import type { BlobFiles } from "./blob-files.ts";
import type { StoredImage } from "./stored-image.ts";

/** The fields of a descriptor that identify content. */
export function contentOf({ mediaType, digest, size }: ContentDescriptor): ContentDescriptor {
  return { mediaType, digest, size };
}

/** @throws OciError `BLOB_NOT_FOUND` unless every layer is there. */
export async function requireLayers(blobs: BlobFiles, { layers }: StoredImage): Promise<void> {
  for (const { descriptor } of layers) if (!(await blobs.has(descriptor))) throw blobs.notFound(descriptor);
}

/** Everything that an image consists of, once each: the manifests from the root down, configuration and layers. */
function imageContent({ manifest, path }: SelectedImage): readonly ContentDescriptor[] {
  const manifests = path.map(({ bytes, digest, mediaType }) => ({ mediaType, digest, size: bytes.length }));
  const content = [...manifests, manifest.config, ...manifest.layers].map(contentOf);
  return [...new Map(content.map((part) => [part.digest, part])).values()];
}

/** Puts an image together, of which manifests and configuration are there. @throws OciError `BLOB_NOT_FOUND`, `MANIFEST_INVALID` */
export async function assembleImage(
  blobs: BlobFiles,
  reference: string,
  selected: SelectedImage,
  signal: AbortSignal | undefined,
): Promise<StoredImage> {
  const { manifest, raw, path } = selected;
  const { size, digest } = manifest.config;
  if (size > MAX_CONFIG_BYTES) throw tooLarge(`the image configuration ${digest}`, size, MAX_CONFIG_BYTES);
  const parsed = parseImageConfig(await blobs.read(manifest.config, signal), digest);
  if (parsed.diffIds.length !== manifest.layers.length) {
    const counts = `${parsed.diffIds.length} diff IDs for ${manifest.layers.length} layers`;
    throw manifestInvalid(`the image configuration ${digest}`, `has ${counts}`);
  }
  const layers = parsed.diffIds.map((diffId, position) => {
    // The lengths were compared above.
    const descriptor = contentOf(manifest.layers[position] as ContentDescriptor);
    return { descriptor, diffId, path: blobs.path(descriptor.digest) };
  });
  return {
    reference,
    rootDigest: path[0]?.digest ?? raw.digest,
    manifestDigest: raw.digest,
    platform: parsed.platform,
    config: parsed.config,
    layers,
    content: imageContent(selected),
  };
}
