import type { Platform, PullPolicy } from "@a3s/core";
import {
  DEFAULT_IMAGE_CACHE_BYTES,
  type ImageStore,
  type Lease,
  OciError,
  type PullEvent,
  type PullOptions,
  pull,
  type StoredImage,
} from "@a3s/oci";
import { RuntimeError } from "../errors/runtime-error.ts";

/** How images are pulled and kept. */
export interface ImagePullOptions extends Omit<PullOptions, "store" | "platform" | "signal" | "onProgress"> {
  /**
   * Bytes that the image store may hold after a pull; images that were not used for longest go first, those of running boxes never.
   * 10 GiB by default.
   */
  readonly cacheBytes?: number | undefined;
}

/** What {@link findImage} needs. */
export interface FindImageOptions {
  readonly store: ImageStore;
  readonly pull: ImagePullOptions;
  readonly policy: PullPolicy;
  /** The machine's own when undefined. */
  readonly platform: Platform | undefined;
  readonly signal: AbortSignal;
  /** Told of a pull's events. */
  readonly onProgress: (event: PullEvent) => void;
}

/** An image that stays in the store until it is disposed. */
export interface HeldImage extends AsyncDisposable {
  readonly image: StoredImage;
}

/**
 * The image of a reference, as its policy says: from the store when it is there, else pulled. Files on disk (`oci:` and the archives) cost
 * nothing to ask and may have changed, so they are always asked; and so is the source when a signature policy is to be satisfied.
 * Undefined when another process removed it before it was held.
 *
 * @throws RuntimeError `PULL_REFUSED`
 */
export async function findImage(reference: string, options: FindImageOptions): Promise<HeldImage | undefined> {
  const { store, signal, onProgress, policy } = options;
  const { cacheBytes = DEFAULT_IMAGE_CACHE_BYTES, ...pullOptions } = options.pull;
  const wanted = { signal, ...(options.platform === undefined ? {} : { platform: options.platform }) };
  const ask = isFile(reference) || policy === "always" || isSigned(pullOptions);
  const stored = ask ? undefined : await store.get(reference, wanted);
  if (stored === undefined && policy === "never" && !isFile(reference))
    throw pullRefused(reference, isSigned(pullOptions));
  const image = stored ?? (await pull(reference, { ...pullOptions, ...wanted, store, onProgress }));
  const lease = await leaseIfThere(store, image, signal);
  if (lease === undefined) return undefined;
  try {
    if (stored === undefined) await store.evict({ maxBytes: cacheBytes, signal });
    return { image, [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose]() };
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
}

async function leaseIfThere(store: ImageStore, image: StoredImage, signal: AbortSignal): Promise<Lease | undefined> {
  try {
    return await store.lease(image, { signal });
  } catch (error) {
    if (error instanceof OciError && error.code === "BLOB_NOT_FOUND") return undefined;
    throw error;
  }
}

function isSigned({ signaturePolicy }: ImagePullOptions): boolean {
  return signaturePolicy !== undefined && signaturePolicy.type !== "skip";
}

function isFile(reference: string): boolean {
  return /^(?:oci|oci-archive|docker-archive):[./]/.test(reference);
}

function pullRefused(reference: string, signed: boolean): RuntimeError {
  const why = signed ? "a signature policy has to be satisfied at its source" : "it is not in the store";
  return new RuntimeError({
    code: "PULL_REFUSED",
    message: `The image ${reference} is not pulled, because its pull policy is "never", and ${why}`,
    hint: signed ? 'Use the pull policy "missing", or no signature policy.' : "Pull or load the image before.",
    details: { reference },
  });
}
