import { join } from "node:path";
import { type Digest, digestParts } from "@a3s/core";

/** Where an OCI image layout keeps a blob. A digest is checked before it becomes a path. */
export function blobPath(layout: string, digest: Digest): string {
  const { algorithm, hex } = digestParts(digest);
  return join(layout, "blobs", algorithm, hex);
}
