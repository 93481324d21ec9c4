import { createHash } from "node:crypto";
import { type Digest, parseDigest } from "@a3s/core";
import { RootfsError } from "../errors/rootfs-error.ts";

/**
 * The chain ID of layers, lowest first: the identity of the root they give together.
 *
 * image-spec config.md: the chain ID of one layer is its diff ID; of more it is the SHA-256 of
 * `<chain ID of all but the last> <diff ID of the last>`.
 *
 * ```ts
 * chainIdOf(config.rootfs.diff_ids);
 * ```
 *
 * @throws RootfsError `LAYER_INVALID` without layers; CoreError `DIGEST_INVALID`.
 */
export function chainIdOf(diffIds: readonly string[]): Digest {
  const [first, ...rest] = diffIds.map(parseDigest);
  if (first === undefined) {
    throw new RootfsError({
      code: "LAYER_INVALID",
      message: "An image without layers has no chain ID and no root",
      hint: "Use an image that holds files.",
    });
  }
  return rest.reduce<Digest>(
    (chain, diffId) => `sha256:${createHash("sha256").update(`${chain} ${diffId}`).digest("hex")}`,
    first,
  );
}
