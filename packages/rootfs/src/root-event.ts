import type { Digest } from "@a3s/core";
import type { EnsuredRoot } from "./store/stored-root.ts";

/** What making a root ready reports, in order. Sizes are in bytes, compressed; `layer` counts from 0, the lowest. */
export type RootEvent =
  /** That many of the lowest layers are copied from a root that the store has. */
  | { readonly type: "base"; readonly layers: number }
  /** Bytes of a layer's file are applied: at most some 50 events a layer. */
  | {
      readonly type: "layer-progress";
      readonly layer: number;
      readonly digest: Digest;
      readonly read: number;
      readonly size: number;
    }
  /** A layer is applied and was what its diff ID says. */
  | { readonly type: "layer-done"; readonly layer: number; readonly digest: Digest }
  /** All layers are applied; the root is described and put on disk. */
  | { readonly type: "sealing" }
  /** The root is in the store. The only event when it was there already, or another process has just built it. */
  | { readonly type: "done"; readonly root: EnsuredRoot };
