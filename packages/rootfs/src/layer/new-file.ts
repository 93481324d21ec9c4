import { createHash, type Hash } from "node:crypto";
import { closeSync, ftruncateSync, writeSync } from "node:fs";
import type { ByteString } from "../bytes/byte-string.ts";

const ZEROS = Buffer.alloc(256 * 1024);
/** A hole is a whole number of these in any file system. */
const BLOCK_BYTES = 4096;

/** A file of a layer that is being written, from its start to its end. */
export class NewFile implements Disposable {
  readonly descriptor: number;
  /** Of the content; for the manifest of the root. */
  readonly #hash: Hash = createHash("sha256");
  /** Where the next byte goes, which is beyond the file's end after a hole. */
  #position = 0;
  #endsInHole = false;

  /** Takes the descriptor of an empty file over. */
  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  write(chunk: Buffer): void {
    this.#hash.update(chunk);
    this.#put(chunk);
  }

  /** As {@link write}, but blocks of zeros are left out: they are holes. */
  writeWithHoles(chunk: Buffer): void {
    this.#hash.update(chunk);
    for (let offset = 0; offset < chunk.length; ) {
      const zeros = this.#run(chunk, offset, true);
      this.#position += zeros;
      if (zeros > 0) this.#endsInHole = true;
      offset += zeros;
      const data = this.#run(chunk, offset, false);
      if (data > 0) this.#put(chunk.subarray(offset, offset + data));
      offset += data;
    }
  }

  /** Bytes from an offset on in blocks that are zeros, or are not. The first and the last block may be parts. */
  #run(chunk: Buffer, offset: number, zeros: boolean): number {
    let length = 0;
    while (offset + length < chunk.length) {
      const start = offset + length;
      const toBoundary = BLOCK_BYTES - ((this.#position + length) % BLOCK_BYTES);
      const end = Math.min(chunk.length, start + toBoundary);
      if ((chunk.compare(ZEROS, 0, end - start, start, end) === 0) !== zeros) break;
      length = end - offset;
    }
    return length;
  }

  #put(chunk: Buffer): void {
    for (let offset = 0; offset < chunk.length; ) {
      const written = writeSync(this.descriptor, chunk, offset, chunk.length - offset, this.#position);
      this.#position += written;
      offset += written;
    }
    this.#endsInHole = false;
  }

  /** Leaves out as many zeros. */
  hole(bytes: number): void {
    for (let left = bytes; left > 0; left -= ZEROS.length) this.#hash.update(ZEROS.subarray(0, left));
    this.#position += bytes;
    this.#endsInHole = true;
  }

  /** All content has come. Answers its SHA-256. */
  finish(): ByteString {
    if (this.#endsInHole) ftruncateSync(this.descriptor, this.#position);
    return this.#hash.digest("binary");
  }

  [Symbol.dispose](): void {
    closeSync(this.descriptor);
  }
}
