import type { Digest } from "@a3s/core";
import type { StoredImage } from "../store/stored-image.ts";

/** What a pull reports, in order. */
export type PullEvent =
  /** The name is being looked up. */
  | { readonly type: "resolving"; readonly reference: string }
  /** The platform's manifest is known. Sizes are in bytes, compressed; layers that occur twice count once. */
  | { readonly type: "manifest"; readonly digest: Digest; readonly layers: number; readonly totalBytes: number }
  /** A layer was in the store already. */
  | { readonly type: "layer-present"; readonly digest: Digest; readonly size: number }
  /** Bytes of a layer have come in: at most some 50 events a layer. */
  | { readonly type: "layer-progress"; readonly digest: Digest; readonly received: number; readonly size: number }
  /** A layer is verified and on disk. */
  | { readonly type: "layer-done"; readonly digest: Digest; readonly size: number }
  /** The image is complete and has its name. */
  | { readonly type: "done"; readonly image: StoredImage };
