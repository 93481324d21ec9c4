import type { ContentDescriptor } from "../manifest/descriptor.ts";
import type { TypedManifest } from "../manifest/select-image.ts";
import type { TransportCall } from "./transport.ts";

/** Gives the bytes of a blob from an offset on; may be called again after a fault that passes. */
export type OpenContent = (offset: number) => AsyncIterable<Uint8Array>;

/** Options of {@link ImageDestination.putManifest}. */
export interface PutManifestCall extends TransportCall {
  /** What the manifest is to be found under: a tag in a registry, a name in a layout or an archive. Without it only its digest finds it. */
  readonly name?: string | undefined;
}

/**
 * Where images are written to: a registry, a layout, an archive. Content first: blobs, then the manifests that name them, then the
 * indexes that name those. Every implementation passes `test/destination-compliance.ts`.
 *
 * Disposing it without {@link commit} leaves nothing that could be taken for a whole image, and no temporary file.
 */
export interface ImageDestination extends AsyncDisposable {
  /** For messages, as in `registry.example.com/a/b`. */
  readonly description: string;
  /** Brings a blob there unless it is there already. @returns whether it had to be sent. @throws OciError `BLOB_MISMATCH` */
  putBlob(descriptor: ContentDescriptor, open: OpenContent, call: TransportCall): Promise<boolean>;
  /** Writes a manifest or an index byte for byte. */
  putManifest(manifest: TypedManifest, call: PutManifestCall): Promise<void>;
  /** Makes all of it visible and durable. */
  commit(call: TransportCall): Promise<void>;
}
