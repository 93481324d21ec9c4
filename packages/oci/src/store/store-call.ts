import type { ImageSource } from "../source/image-source.ts";
import type { VerifyProgress } from "./verify-store.ts";

/** Options of every call of a store. */
export interface StoreCall {
  readonly signal?: AbortSignal | undefined;
}

/** Options of `ImageStore.lease`. */
export interface LeaseOptions extends StoreCall {
  /** Makes a lease that outlives the process, until it is released: lower-case letters, digits, `.`, `_`, `-`, at most 64. */
  readonly name?: string | undefined;
}

/** Options of `ImageStore.evict`. */
export interface EvictOptions extends StoreCall {
  /** `DEFAULT_IMAGE_CACHE_BYTES` by default. */
  readonly maxBytes?: number | undefined;
  /** Names that stay. */
  readonly keep?: readonly (string | ImageSource)[] | undefined;
}

/** Options of `ImageStore.verify`. */
export interface VerifyOptions extends StoreCall {
  /** Called after each blob. */
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
}
