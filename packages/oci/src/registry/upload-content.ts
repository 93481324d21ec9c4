import { createHash, type Hash } from "node:crypto";
import { digestParts } from "@a3s/core";
import { blobMismatch } from "../content/verify-content.ts";
import type { OciError } from "../errors/oci-error.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import type { OpenContent } from "../transport/destination.ts";

/**
 * The content of a blob that is sent in parts, some of them perhaps more than once. Each byte is hashed the first time that it goes
 * out, so that at the end a source that is damaged can be told from a registry that is.
 */
export class UploadContent {
  readonly #descriptor: ContentDescriptor;
  readonly #open: OpenContent;
  readonly #hash: Hash;
  #hashed = 0;

  constructor(descriptor: ContentDescriptor, open: OpenContent) {
    this.#descriptor = descriptor;
    this.#open = open;
    this.#hash = createHash(digestParts(descriptor.digest).algorithm);
  }

  /** Bytes that have gone out at least once. */
  get sent(): number {
    return this.#hashed;
  }

  /** The bytes from `start` to before `end`, no more and no fewer. @throws OciError `BLOB_MISMATCH`, and what the source throws */
  async *read(start: number, end: number): AsyncGenerator<Uint8Array, void, undefined> {
    const { size } = this.#descriptor;
    let position = start;
    let last: Uint8Array | undefined;
    for await (const chunk of this.#open(start)) {
      const part = chunk.subarray(0, end - position);
      this.#take(position, part);
      position += part.length;
      if (position < size) {
        yield part;
        if (position === end) return;
      } else if (chunk.length > (last === undefined ? part.length : 0)) {
        throw this.#mismatch(`is longer than the ${size} bytes of its descriptor`);
      } else {
        // The last part is held back until all is known to fit, so that a damaged blob never becomes whole at the registry.
        last ??= part;
      }
    }
    if (position < end) throw this.#mismatch(`ends after ${position} of ${size} bytes`);
    this.#check();
    if (last !== undefined) yield last;
  }

  #take(position: number, part: Uint8Array): void {
    const fresh = part.subarray(Math.min(part.length, Math.max(0, this.#hashed - position)));
    if (fresh.length === 0) return;
    this.#hash.update(fresh);
    this.#hashed += fresh.length;
  }

  #check(): void {
    const { digest } = this.#descriptor;
    const { algorithm, hex } = digestParts(digest);
    const actual = this.#hash.copy().digest("hex");
    if (actual !== hex) throw this.#mismatch(`has the digest ${algorithm}:${actual} instead`);
  }

  #mismatch(fault: string): OciError {
    return blobMismatch(this.#descriptor.digest, fault);
  }
}
