import type { Digest } from "@a3s/core";

/** An image where it was copied to. */
export interface PushedImage {
  /** Its name there, in its one spelling, as in `ghcr.io/owner/name:tag` or `oci-archive:/path.tar:tag`. */
  readonly reference: string;
  /** What the name stands for there: the digest of the manifest, or of the index of a multi-platform image. */
  readonly digest: Digest;
}

/** What a push reports, in order. */
export type PushEvent =
  /** What is to be copied is known. Sizes are in bytes, as stored; blobs that occur twice count once. */
  | { readonly type: "manifest"; readonly digest: Digest; readonly blobs: number; readonly totalBytes: number }
  /** A blob was there already. */
  | { readonly type: "blob-present"; readonly digest: Digest; readonly size: number }
  /** The registry took a blob over from another of its repositories. */
  | { readonly type: "blob-mounted"; readonly digest: Digest; readonly size: number; readonly from: string }
  /** Bytes of a blob have gone out: at most some 50 events a blob. */
  | { readonly type: "blob-progress"; readonly digest: Digest; readonly sent: number; readonly size: number }
  /** A blob is there, and verified. */
  | { readonly type: "blob-done"; readonly digest: Digest; readonly size: number }
  /** The image is complete and has its name. */
  | { readonly type: "done"; readonly image: PushedImage };
