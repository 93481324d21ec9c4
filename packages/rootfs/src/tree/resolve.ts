import type { ByteString } from "../bytes/byte-string.ts";
import { layerFault } from "../errors/layer-fault.ts";
import type { DirectoryNode, LeafNode } from "./node.ts";

/** Where a path leads in the tree. */
export interface Resolved {
  /** The deepest directory on the way that exists. */
  readonly directory: DirectoryNode;
  /** Names below it that do not exist; empty when the path leads to `directory`. */
  readonly missing: readonly ByteString[];
  /** What stands where the first of `missing` should be a directory. */
  readonly obstacle: LeafNode | undefined;
  /** Whether a symbolic link was followed. */
  readonly linked: boolean;
}

/** Linux MAXSYMLINKS. */
const MAX_LINKS = 40;
/** Of all targets on a path together. Linux takes 40 times 4095; walking that far for each entry takes the hours of hostile layers. */
const MAX_TARGET_BYTES = 8192;

/**
 * Follows names from the root of the tree as a process would that has the tree as its root: absolute links start at the root again,
 * and `..` in the root stays there. Container runtimes do the same, so that a layer may write through `/lib -> usr/lib` of a lower
 * one. Only the tree is looked at, never the host.
 *
 * @throws RootfsError `LAYER_INVALID` for a loop of links, or links that are long.
 */
export function resolve(root: DirectoryNode, names: readonly ByteString[]): Resolved {
  let directory = root;
  let missing: ByteString[] = [];
  let obstacle: LeafNode | undefined;
  let [links, targetBytes] = [0, 0];
  // Last name first, so that the next one is taken from the end.
  const pending = names.toReversed();
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (missing.pop() === undefined) directory = directory.parent ?? root;
      if (missing.length === 0) obstacle = undefined;
      continue;
    }
    const child = missing.length > 0 ? undefined : directory.children.get(name);
    if (child?.kind === "directory") directory = child;
    else if (child?.kind === "symlink") {
      links++;
      targetBytes += child.target.length;
      if (links > MAX_LINKS || targetBytes > MAX_TARGET_BYTES)
        throw layerFault("LAYER_INVALID", "A path goes through too many symbolic links, or too long ones");
      if (child.target.startsWith("/")) {
        directory = root;
        missing = [];
      }
      pending.push(...child.target.split("/").toReversed());
    } else {
      obstacle ??= child;
      missing.push(name);
    }
  }
  return { directory, missing, obstacle, linked: links > 0 };
}
