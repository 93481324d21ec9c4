import { createHash } from "node:crypto";
import type { Digest, DigestAlgorithm } from "@a3s/core";

/** The digest of bytes in memory. */
export function contentDigest(bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}
