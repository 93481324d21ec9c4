import { createHash } from "node:crypto";
import { type Digest, isDecoderError } from "@a3s/core";
import { blobMismatch, verifyContent } from "../content/verify-content.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import { tooLarge } from "../manifest/json-document.ts";
import type { OpenContent } from "../transport/destination.ts";
import { MAX_UNPACKED_BYTES } from "./archive-files.ts";
import { unpack } from "./unpack.ts";

/** A layer on its way from the blob to the plain tar archive. */
export class PlainLayer {
  readonly #descriptor: ContentDescriptor;
  readonly #open: OpenContent;
  readonly #hash = createHash("sha256");
  #digest: Digest | undefined;

  constructor(descriptor: ContentDescriptor, open: OpenContent) {
    this.#descriptor = descriptor;
    this.#open = open;
  }

  /** The digest of the plain archive, which is its diff ID; known when {@link content} has ended. */
  get digest(): Digest {
    this.#digest ??= `sha256:${this.#hash.digest("hex")}`;
    return this.#digest;
  }

  /** The plain archive, once; the blob is checked on the way. @throws OciError `BLOB_MISMATCH`, `MANIFEST_INVALID` when it is too large */
  async *content(): AsyncGenerator<Uint8Array, void, undefined> {
    const { digest } = this.#descriptor;
    const blob = verifyContent(this.#open(0), this.#descriptor);
    let length = 0;
    try {
      for await (const chunk of unpack(withoutEnd(blob))) {
        length += chunk.length;
        if (length > MAX_UNPACKED_BYTES) throw tooLarge(`the layer ${digest}`, length, MAX_UNPACKED_BYTES);
        this.#hash.update(chunk);
        yield chunk;
      }
      // A decoder may stop before the end of the blob, whose digest counts.
      for await (const _rest of blob);
    } catch (error) {
      if (!isDecoderError(error)) throw error;
      // Damaged on the way, or published like that: the digest tells.
      for await (const _rest of blob);
      throw blobMismatch(digest, `cannot be unpacked: ${error.message}`);
    } finally {
      await blob.return();
    }
  }
}

/** The same items for a reader whose stopping does not end them. */
function withoutEnd(content: AsyncGenerator<Uint8Array, void, undefined>): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => ({ next: () => content.next() }) };
}
