import { createHash } from "node:crypto";
import { type Digest, digestParts } from "@a3s/core";
import { OciError } from "../errors/oci-error.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";

/**
 * Passes content on while checking it against its descriptor. Throws at the first byte too many, and at the end when the size
 * or the digest differs: whoever consumes it must not show the content to others before the iteration has ended.
 *
 * @throws {@link OciError} `BLOB_MISMATCH`
 */
export async function* verifyContent(
  content: AsyncIterable<Uint8Array>,
  { digest, size }: Pick<ContentDescriptor, "digest" | "size">,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { algorithm, hex } = digestParts(digest);
  const hash = createHash(algorithm);
  let seen = 0;
  for await (const chunk of content) {
    seen += chunk.length;
    if (seen > size) throw blobMismatch(digest, `is longer than the ${size} bytes of its descriptor`);
    hash.update(chunk);
    yield chunk;
  }
  if (seen < size) throw blobMismatch(digest, `ends after ${seen} of ${size} bytes`);
  const actual = hash.digest("hex");
  if (actual !== hex) throw blobMismatch(digest, `has the digest ${algorithm}:${actual} instead`);
}

/** Reads small content whole, checked. The caller has compared `size` with a cap before. */
export async function readVerified(
  content: AsyncIterable<Uint8Array>,
  descriptor: Pick<ContentDescriptor, "digest" | "size">,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of verifyContent(content, descriptor)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export function blobMismatch(digest: Digest, fault: string): OciError {
  return new OciError({
    code: "BLOB_MISMATCH",
    message: `The content of ${digest} ${fault}`,
    hint: "Nothing of it was kept. Try again; if it stays, the source is damaged or something rewrites it on the way.",
    details: { digest },
  });
}
