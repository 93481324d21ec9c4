import { createHash } from "node:crypto";
import type { Digest, DigestAlgorithm, Platform } from "@a3s/core";

/** What image-spec descriptor.md calls a descriptor, as far as test images need it. */
export interface TestDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Content by digest, in memory. */
export type TestBlobs = ReadonlyMap<Digest, Uint8Array>;

/** An image or an index in memory: its own descriptor and every blob it needs, itself included. */
export interface TestContent {
  readonly descriptor: TestDescriptor;
  readonly blobs: TestBlobs;
}

/** The digest of bytes; sha256 unless told otherwise. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** A JSON value as a blob, with its descriptor. */
export function jsonBlob(
  mediaType: string,
  value: unknown,
  algorithm: DigestAlgorithm = "sha256",
): { readonly descriptor: TestDescriptor; readonly bytes: Uint8Array } {
  const bytes = Buffer.from(JSON.stringify(value), "utf8");
  return { descriptor: { mediaType, digest: digestOf(bytes, algorithm), size: bytes.length }, bytes };
}
