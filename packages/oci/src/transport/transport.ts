import type { Digest } from "@a3s/core";
import type { OciError } from "../errors/oci-error.ts";
import type { ContentDescriptor, Descriptor } from "../manifest/descriptor.ts";
import type { RawManifest } from "../manifest/manifest.ts";

/** Options of every call of a transport. */
export interface TransportCall {
  readonly signal?: AbortSignal | undefined;
}

/** Options of reading a blob. */
export interface BlobCall extends TransportCall {
  /** Bytes at the start that the caller has already; 0 by default. */
  readonly offset?: number | undefined;
  /** Whether the source may take a chunk back as soon as the next one is asked for: its bytes must have been used or copied by then. */
  readonly lend?: boolean | undefined;
}

/**
 * One image of one source, read only. Every implementation passes `test/transport-compliance.ts`. Disposing it closes connections and
 * removes temporary files.
 *
 * A transport hands out what the source holds and bounds it; whether content is what a digest promises is checked
 * by its users, except that a manifest always carries the true digest of its bytes.
 */
export interface ImageTransport extends AsyncDisposable {
  /** For messages, as in `registry.example.com/a/b`. */
  readonly description: string;
  /** The digest that the image's name stands for now, by the cheapest request there is; `undefined` when only {@link rootManifest} can tell. */
  rootDigest(call: TransportCall): Promise<Digest | undefined>;
  /** The manifest or index that the image's name stands for. @throws OciError `IMAGE_NOT_FOUND` */
  rootManifest(call: TransportCall): Promise<RawManifest>;
  /** A manifest that an index names. @throws OciError `IMAGE_NOT_FOUND`, `BLOB_MISMATCH` */
  manifest(descriptor: ContentDescriptor, call: TransportCall): Promise<RawManifest>;
  /**
   * The bytes of a blob from `offset` on. Faults that pass are dealt with inside; a source that has more than `size` bytes may give
   * more. @throws OciError `BLOB_NOT_FOUND`
   */
  blob(descriptor: ContentDescriptor, call: BlobCall): AsyncIterable<Uint8Array>;
  /**
   * Of a source that has several places: what {@link blob} gave last was not what the digest promises, so it comes from elsewhere next
   * time. @throws the error, when there is nowhere else; the signal's reason
   */
  distrust?(descriptor: ContentDescriptor, error: OciError, call: TransportCall): void;
  /** The manifest that another tag of the same repository stands for; `undefined` when there is none, or the source has no such tags. */
  tagged(tag: string, call: TransportCall): Promise<RawManifest | undefined>;
  /** Manifests whose `subject` is `digest`: signatures, attestations (distribution-spec, listing referrers). */
  referrers(digest: Digest, call: TransportCall): Promise<readonly Descriptor[]>;
}
