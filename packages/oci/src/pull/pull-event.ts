import type { Digest } from "@a3s/core";
import type { OciErrorCode } from "../errors/oci-error.ts";
import type { SignatureEvidence } from "../signature/evidence.ts";
import type { StoredImage } from "../store/stored-image.ts";

/** What a pull reports, in order. */
export type PullEvent =
  /** The name is being looked up. */
  | { readonly type: "resolving"; readonly reference: string }
  /**
   * A mirror, `host/repository`, is passed over for the rest of the pull: it failed, does not have what was asked for, or gave what its
   * digest does not fit (`BLOB_MISMATCH`), of which nothing was kept. It may come at any time.
   */
  | { readonly type: "mirror-failed"; readonly mirror: string; readonly code: OciErrorCode; readonly message: string }
  /**
   * The platform's manifest is known. Sizes are in bytes, compressed; layers that occur twice count once. `image` is what `done` will
   * give: the file of each of its layers is there from that layer's own event on.
   */
  | {
      readonly type: "manifest";
      readonly digest: Digest;
      readonly layers: number;
      readonly totalBytes: number;
      readonly image: StoredImage;
    }
  /** A layer was in the store already, or another process has just brought it in. */
  | { readonly type: "layer-present"; readonly digest: Digest; readonly size: number }
  /**
   * Bytes of a layer have come in: at most some 50 events a layer. `received` counts from the layer's start, also when the download
   * goes on where an earlier one stopped; it starts again when what came from a mirror was wrong.
   */
  | { readonly type: "layer-progress"; readonly digest: Digest; readonly received: number; readonly size: number }
  /** A layer is verified and on disk. `resumedFrom` are the bytes that an earlier try had left. */
  | { readonly type: "layer-done"; readonly digest: Digest; readonly size: number; readonly resumedFrom: number }
  /** Everything is on disk, and is what the name's digest stands for; the signature policy was satisfied before layers were fetched. */
  | { readonly type: "verified"; readonly digest: Digest; readonly signature: SignatureEvidence }
  /** The image is complete and has its name. */
  | { readonly type: "done"; readonly image: StoredImage };
