import { ImageStore, type PullOptions, pull, type StoredImage } from "@a3s/oci";

/** How images are pulled; see `PullOptions` of @a3s/oci. */
export type ImagePullOptions = Omit<PullOptions, "store" | "platform" | "signal" | "onProgress">;

/** What {@link findImage} needs. */
export interface FindImageOptions {
  /** Directory of the image store. */
  readonly store: string;
  readonly pull: ImagePullOptions;
  readonly signal: AbortSignal;
}

/**
 * The image of a reference: from the store when it is there, else pulled. Files on disk (`oci:` and the archives) cost nothing to
 * ask and may have changed, so they are always asked.
 */
export async function findImage(reference: string, options: FindImageOptions): Promise<StoredImage> {
  const { signal } = options;
  const store = await ImageStore.open(options.store, { signal });
  const stored = FILES.test(reference) ? undefined : await store.get(reference, { signal });
  return stored ?? (await pull(reference, { ...options.pull, store, signal }));
}

const FILES = /^(?:oci|oci-archive|docker-archive):[./]/;
