import type { OciError } from "../errors/oci-error.ts";
import type { TransportCall } from "../transport/transport.ts";

/** A part of a file: from the byte `start` to before the byte `end`, or to the file's end when that is earlier. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The files of an image layout, wherever they lie. Names are relative, with slashes: `blobs/sha256/…`. */
export interface LayoutFiles extends AsyncDisposable {
  /** Absolute path of the directory or archive. */
  readonly path: string;
  /** A small file, whole; `undefined` when there is none. @throws what {@link invalid} makes when it is larger than `maxBytes` */
  read(name: string, maxBytes: number, call: TransportCall): Promise<Uint8Array | undefined>;
  /** A part of a file. @throws OciError `BLOB_NOT_FOUND` */
  stream(name: string, range: ByteRange, call: TransportCall): AsyncIterable<Uint8Array>;
  /** The error for content that is not what it has to be, in words that follow "is not a readable … : ". */
  invalid(fault: string, cause?: unknown): OciError;
}
