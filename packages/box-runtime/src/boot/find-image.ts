import { ImageStore, pull, type StoredImage } from "@a3s/oci";

/** What {@link findImage} needs. */
export interface FindImageOptions {
  /** Directory of the image store. */
  readonly store: string;
  readonly insecureRegistries: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * The image of a reference: from the store when it is there, else pulled. A layout on disk (`oci:`) costs nothing to
 * ask and may have changed, so it is always asked.
 */
export async function findImage(reference: string, options: FindImageOptions): Promise<StoredImage> {
  const { signal, insecureRegistries } = options;
  const store = await ImageStore.open(options.store, { signal });
  const stored = reference.startsWith("oci:") ? undefined : await store.get(reference, { signal });
  return stored ?? (await pull(reference, { store, signal, insecureRegistries }));
}
