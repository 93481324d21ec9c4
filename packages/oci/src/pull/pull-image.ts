import type { Platform } from "@a3s/core";
import { parseImageConfig } from "../manifest/image-config.ts";
import { MAX_CONFIG_BYTES, tooLarge } from "../manifest/json-document.ts";
import { formatPlatform, platformDistance } from "../manifest/match-platform.ts";
import { platformNotFound, type SelectedImage, selectImage, type TypedManifest } from "../manifest/select-image.ts";
import { formatImageSource, type ImageSource } from "../source/image-source.ts";
import type { ImageStore } from "../store/image-store.ts";
import type { StoredImage } from "../store/stored-image.ts";
import type { ImageTransport } from "../transport/transport.ts";
import type { PullEvent } from "./pull-event.ts";
import { distinctLayers, pullLayers } from "./pull-layers.ts";

/** Everything that one pull needs. */
export interface PullPlan {
  readonly source: ImageSource;
  readonly transport: ImageTransport;
  readonly store: ImageStore;
  readonly platform: Platform;
  readonly emit: (event: PullEvent) => void;
  readonly signal: AbortSignal;
}

/** Brings one image into the store: content first, the name last, so that a name always stands for a whole image. */
export async function pullImage(plan: PullPlan): Promise<StoredImage> {
  const { source, store, emit, signal } = plan;
  const reference = formatImageSource(source);
  emit({ type: "resolving", reference });
  const present = await presentImage(plan);
  if (present !== undefined) {
    emit({ type: "done", image: present });
    return present;
  }
  const selected = await selectFromSource(plan);
  await pullConfig(plan, selected);
  const layers = distinctLayers(selected.manifest.layers);
  const totalBytes = layers.reduce((sum, { size }) => sum + size, 0);
  emit({ type: "manifest", digest: selected.raw.digest, layers: layers.length, totalBytes });
  await pullLayers(layers, plan);
  for (const manifest of selected.path) await store.add(descriptorOf(manifest), () => once(manifest.bytes), { signal });
  const image = await store.describe(reference, selected, { signal });
  const [root = selected.raw] = selected.path;
  await store.name(source, descriptorOf(root), { signal });
  emit({ type: "done", image });
  return image;
}

/** The image as stored, if its name still stands for the same content at the source: one request, none for a digest. */
async function presentImage({
  source,
  transport,
  store,
  platform,
  signal,
}: PullPlan): Promise<StoredImage | undefined> {
  const known = await store.resolve(source);
  if (known === undefined || known.digest !== (await transport.rootDigest({ signal }))) return undefined;
  return store.get(source, { platform, signal });
}

async function selectFromSource({ transport, store, platform, signal }: PullPlan): Promise<SelectedImage> {
  const root = await transport.rootManifest({ signal });
  return selectImage(root, platform, async (descriptor) =>
    (await store.has(descriptor))
      ? store.readManifest(descriptor, { signal })
      : transport.manifest(descriptor, { signal }),
  );
}

/** Takes in the image configuration and refuses an image that is not for the platform, before any layer is fetched. */
async function pullConfig({ transport, store, platform, signal }: PullPlan, selected: SelectedImage): Promise<void> {
  const { config } = selected.manifest;
  if (config.size > MAX_CONFIG_BYTES) {
    throw tooLarge(`the image configuration ${config.digest}`, config.size, MAX_CONFIG_BYTES);
  }
  await store.add(config, () => transport.blob(config, { signal }), { signal });
  const { platform: actual } = parseImageConfig(await store.readBlob(config, { signal }), config.digest);
  // An index has already compared the variant, which many image configurations leave out.
  const indexed = selected.path.length > 1;
  const wanted = indexed ? { os: platform.os, architecture: platform.architecture } : platform;
  const offered = indexed ? { os: actual.os, architecture: actual.architecture } : actual;
  if (platformDistance(wanted, offered) === undefined) throw platformNotFound(platform, [formatPlatform(actual)]);
}

function descriptorOf({ bytes, digest, mediaType }: TypedManifest) {
  return { mediaType, digest, size: bytes.length };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
