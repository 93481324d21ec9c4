import {
  DEFAULT_IMAGE_CACHE_BYTES,
  ImageStore,
  type Lease,
  OciError,
  type PullEvent,
  type PullOptions,
  pull,
  type StoredImage,
} from "@a3s/oci";

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
  /** Directory of the image store. */
  readonly store: string;
  readonly pull: ImagePullOptions;
  readonly signal: AbortSignal;
  /** Told of a pull's events. */
  readonly onProgress: (event: PullEvent) => void;
}

/** An image that stays in the store until it is disposed. */
export interface HeldImage extends AsyncDisposable {
  readonly image: StoredImage;
}

/**
 * The image of a reference: from the store when it is there, else pulled. Files on disk (`oci:` and the archives) cost nothing to
 * ask and may have changed, so they are always asked; and so is the source when a signature policy is to be satisfied.
 * Undefined when another process removed it before it was held.
 */
export async function findImage(reference: string, options: FindImageOptions): Promise<HeldImage | undefined> {
  const { signal, onProgress } = options;
  const store = await ImageStore.open(options.store, { signal });
  const { cacheBytes = DEFAULT_IMAGE_CACHE_BYTES, ...pullOptions } = options.pull;
  const stored = mustAsk(reference, pullOptions) ? undefined : await store.get(reference, { signal });
  const image = stored ?? (await pull(reference, { ...pullOptions, store, signal, onProgress }));
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

function mustAsk(reference: string, { signaturePolicy }: ImagePullOptions): boolean {
  const signed = signaturePolicy !== undefined && signaturePolicy.type !== "skip";
  return signed || /^(?:oci|oci-archive|docker-archive):[./]/.test(reference);
}
