import type { Digest, Platform } from "@a3s/core";
import { OciError } from "../errors/oci-error.ts";
import type { ContentDescriptor, Descriptor } from "../manifest/descriptor.ts";
import { type ImageConfig, parseImageConfig } from "../manifest/image-config.ts";
import { MAX_CONFIG_BYTES, MAX_INDEX_BYTES, tooLarge } from "../manifest/json-document.ts";
import { type ImageManifest, type ParsedManifest, parseManifest } from "../manifest/manifest.ts";
import { platformOf } from "../manifest/match-platform.ts";
import type { BlobFiles } from "./blob-files.ts";
import { ContentGraph } from "./content-graph.ts";
import type { StoreFiles } from "./garbage.ts";
import { contentOf } from "./image-content.ts";
import { namedEntries } from "./index-names.ts";
import { measureImages } from "./usage.ts";

/** One manifest that a name leads to: the image for a platform, or an attestation beside it. */
export interface InspectedManifest {
  readonly descriptor: ContentDescriptor;
  /** From the configuration when it is here, else from the index. */
  readonly platform?: Platform;
  /** Whether manifest, configuration and all layers are here; of what is no container image, whether its manifest is. */
  readonly present: boolean;
  /** The rest is there when it is here and a container image. */
  readonly manifest?: ImageManifest;
  readonly config?: ImageConfig;
  /** When the image was made, as it says itself (RFC 3339). */
  readonly created?: string;
  /** Lowest first. */
  readonly layers: readonly InspectedLayer[];
}

export interface InspectedLayer {
  readonly descriptor: ContentDescriptor;
  readonly present: boolean;
}

/** What the store knows of a name. Plain data. */
export interface ImageInspection {
  readonly reference: string;
  /** What the name stands for: a manifest, or an index. */
  readonly descriptor: ContentDescriptor;
  /** In the order of the index, with those of nested indexes in the place of these. */
  readonly manifests: readonly InspectedManifest[];
  /** ISO 8601. */
  readonly lastUsed: string;
  /** Bytes in the store. */
  readonly totalBytes: number;
  /** Bytes in the store that no other name leads to. */
  readonly uniqueBytes: number;
}

/** @throws OciError `STORE_CORRUPT`, `MANIFEST_INVALID`, `MANIFEST_UNSUPPORTED` */
export async function inspectImage(
  { index, blobs }: StoreFiles,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<ImageInspection | undefined> {
  const json = await index.read();
  const found = namedEntries(json).find((entry) => entry.reference === reference);
  if (found === undefined) return undefined;
  const usages = await measureImages(json, (await blobs.list()).sizes, new ContentGraph(blobs, signal));
  const { totalBytes = 0, uniqueBytes = 0 } = usages.find((usage) => usage.reference === reference) ?? {};
  return {
    reference,
    descriptor: contentOf(found.descriptor),
    manifests: await inspectManifests(blobs, found.descriptor, signal),
    lastUsed: new Date(await blobs.lastUsed(found.descriptor.digest)).toISOString(),
    totalBytes,
    uniqueBytes,
  };
}

/** Every manifest that a root leads to, once. */
async function inspectManifests(
  blobs: BlobFiles,
  root: Descriptor,
  signal: AbortSignal | undefined,
): Promise<readonly InspectedManifest[]> {
  const seen = new Set<Digest>();
  const inspect = async (descriptor: Descriptor): Promise<readonly InspectedManifest[]> => {
    if (seen.has(descriptor.digest)) return [];
    seen.add(descriptor.digest);
    if (!(await blobs.has(descriptor))) return [absent(descriptor)];
    const parsed = await readDocument(blobs, descriptor, descriptor === root, signal);
    if (parsed?.kind !== "index") return [await inspectManifest(blobs, descriptor, parsed?.manifest, signal)];
    const found: InspectedManifest[] = [];
    for (const entry of parsed.index.manifests) found.push(...(await inspect(entry)));
    return found;
  };
  return inspect(root);
}

function absent(descriptor: Descriptor): InspectedManifest {
  return { ...described(descriptor), present: false, layers: [] };
}

/** `undefined` for what is no container image, unless it must be one. */
async function readDocument(
  blobs: BlobFiles,
  descriptor: Descriptor,
  mustBeImage: boolean,
  signal: AbortSignal | undefined,
): Promise<ParsedManifest | undefined> {
  const { digest, mediaType, size } = descriptor;
  if (size > MAX_INDEX_BYTES) throw tooLarge(`the manifest ${digest}`, size, MAX_INDEX_BYTES);
  const bytes = await blobs.read(descriptor, signal);
  try {
    return parseManifest({ bytes, digest, mediaType });
  } catch (error) {
    if (mustBeImage || !(error instanceof OciError) || error.code !== "MANIFEST_UNSUPPORTED") throw error;
    return undefined;
  }
}

async function inspectManifest(
  blobs: BlobFiles,
  descriptor: Descriptor,
  manifest: ImageManifest | undefined,
  signal: AbortSignal | undefined,
): Promise<InspectedManifest> {
  if (manifest === undefined) return { ...described(descriptor), present: true, layers: [] };
  const layers: InspectedLayer[] = [];
  for (const layer of manifest.layers) layers.push({ descriptor: contentOf(layer), present: await blobs.has(layer) });
  const config = await readConfig(blobs, manifest.config, signal);
  return {
    ...described(descriptor),
    ...config,
    manifest,
    layers,
    present: config !== undefined && layers.every(({ present }) => present),
  };
}

async function readConfig(blobs: BlobFiles, descriptor: Descriptor, signal: AbortSignal | undefined) {
  const { digest, size } = descriptor;
  if (!(await blobs.has(descriptor))) return undefined;
  if (size > MAX_CONFIG_BYTES) throw tooLarge(`the image configuration ${digest}`, size, MAX_CONFIG_BYTES);
  const { platform, config, created } = parseImageConfig(await blobs.read(descriptor, signal), digest);
  return { platform, config, ...(created === undefined ? {} : { created }) };
}

function described(descriptor: Descriptor): Pick<InspectedManifest, "descriptor" | "platform"> {
  const platform = platformOf(descriptor);
  return { descriptor: contentOf(descriptor), ...(platform === undefined ? {} : { platform }) };
}
