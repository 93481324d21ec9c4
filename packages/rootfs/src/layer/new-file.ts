import { createHash, type Hash } from "node:crypto";
import { closeSync, ftruncateSync, writeSync } from "node:fs";
import type { ByteString } from "../bytes/byte-string.ts";

const ZEROS = Buffer.alloc(256 * 1024);

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
