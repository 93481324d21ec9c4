import type { Platform } from "@a3s/core";
import { once } from "../content/once.ts";
import { OciError } from "../errors/oci-error.ts";
import type { Descriptor } from "../manifest/descriptor.ts";
import { parseImageConfig } from "../manifest/image-config.ts";
import { inlineData } from "../manifest/inline-data.ts";
import { MAX_CONFIG_BYTES, tooLarge } from "../manifest/json-document.ts";
import type { RawManifest } from "../manifest/manifest.ts";
import { formatPlatform, platformDistance } from "../manifest/match-platform.ts";
import { platformNotFound, type SelectedImage, selectImage, type TypedManifest } from "../manifest/select-image.ts";
import type { SignatureEvidence } from "../signature/evidence.ts";
import type { SignaturePolicy } from "../signature/signature-policy.ts";
import { verifySignature } from "../signature/verify-signature.ts";
import { formatImageSource, type ImageSource } from "../source/image-source.ts";
import type { ImageStore } from "../store/image-store.ts";
import type { StoredImage } from "../store/stored-image.ts";
import { fromAnyPlace } from "../transport/from-any-place.ts";
import type { ImageTransport } from "../transport/transport.ts";
import { contentOf } from "./content-of.ts";
import type { PullEvent } from "./pull-event.ts";
import { distinctLayers, pullLayers } from "./pull-layers.ts";

/** Everything that one pull needs. */
export interface PullPlan {
  /** The name under which the image is kept. */
  readonly source: ImageSource;
  readonly transport: ImageTransport;
  readonly store: ImageStore;
  readonly platform: Platform;
  readonly signaturePolicy: SignaturePolicy;
  /** Layers fetched at the same time. */
  readonly concurrency: number;
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
  const [root = selected.raw] = selected.path;
  const signature = await checkSignature(plan, root, selected);
  // From here on no garbage collection takes away what is found or brought in.
  await using _lease = await store.lease(digestsOf(selected), { signal });
  await pullConfig(plan, selected);
  const layers = distinctLayers(selected.manifest.layers);
  const totalBytes = layers.reduce((sum, { size }) => sum + size, 0);
  const image = await store.describe(reference, selected, { signal });
  emit({ type: "manifest", digest: selected.raw.digest, layers: layers.length, totalBytes, image });
  await pullLayers(layers, plan);
  for (const manifest of selected.path) await store.add(descriptorOf(manifest), () => once(manifest.bytes), { signal });
  emit({ type: "verified", digest: root.digest, signature });
  await store.name(source, descriptorOf(root), { signal });
  emit({ type: "done", image });
  return image;
}

/**
 * The image as stored, if its name still stands for the same content at the source: one request, none for a digest. A policy about
 * signatures may be newer than what is stored, so then the whole way is gone.
 */
async function presentImage(plan: PullPlan): Promise<StoredImage | undefined> {
  const { source, transport, store, platform, signaturePolicy, signal } = plan;
  if (signaturePolicy.type !== "skip") return undefined;
  const known = await store.resolve(source);
  if (known === undefined) return undefined;
  // Read while the source is asked. What is wrong with it counts only if the name still stands for it.
  const stored = store.get(source, { platform, signal });
  const read = stored.catch(() => {});
  try {
    if (known.digest === (await transport.rootDigest({ signal }))) return await stored;
    return undefined;
  } finally {
    await read;
  }
}

async function selectFromSource(plan: PullPlan): Promise<SelectedImage> {
  const { transport, platform, signal } = plan;
  return selectImage(await transport.rootManifest({ signal }), platform, async (descriptor) => {
    const bytes = inlineData(descriptor);
    if (bytes !== undefined) return { bytes, digest: descriptor.digest, mediaType: descriptor.mediaType };
    return (await storedManifest(plan, descriptor)) ?? transport.manifest(descriptor, { signal });
  });
}

async function storedManifest({ store, signal }: PullPlan, descriptor: Descriptor): Promise<RawManifest | undefined> {
  try {
    return await store.readManifest(descriptor, { signal });
  } catch (error) {
    if (error instanceof OciError && error.code === "BLOB_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Before anything but manifests is fetched, and about the bytes of these very manifests. */
async function checkSignature(
  plan: PullPlan,
  root: TypedManifest,
  selected: SelectedImage,
): Promise<SignatureEvidence> {
  const { source, transport, signaturePolicy, signal } = plan;
  const reference = source.kind === "registry" ? source.reference : undefined;
  const digests = [root.digest, selected.raw.digest];
  return verifySignature(signaturePolicy, { transport, reference, digests }, { signal });
}

/** Takes in the image configuration and refuses an image that is not for the platform, before any layer is fetched. */
async function pullConfig({ transport, store, platform, signal }: PullPlan, selected: SelectedImage): Promise<void> {
  const { config } = selected.manifest;
  if (config.size > MAX_CONFIG_BYTES) {
    throw tooLarge(`the image configuration ${config.digest}`, config.size, MAX_CONFIG_BYTES);
  }
  const add = () => store.add(config, contentOf(config, transport, signal), { signal });
  await fromAnyPlace(transport, config, { signal }, add);
  const { platform: actual } = parseImageConfig(await store.readBlob(config, { signal }), config.digest);
  // An index has already compared the variant, which many image configurations leave out.
  const indexed = selected.path.length > 1;
  const wanted = indexed ? { os: platform.os, architecture: platform.architecture } : platform;
  const offered = indexed ? { os: actual.os, architecture: actual.architecture } : actual;
  if (platformDistance(wanted, offered) === undefined) throw platformNotFound(platform, [formatPlatform(actual)]);
}

function digestsOf({ path, manifest }: SelectedImage) {
  return [...path, manifest.config, ...manifest.layers].map(({ digest }) => digest);
}

function descriptorOf({ bytes, digest, mediaType }: TypedManifest) {
  return { mediaType, digest, size: bytes.length };
}
