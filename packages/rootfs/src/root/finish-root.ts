import { readable } from "../bytes/byte-string.ts";
import { type DirectoryNode, pathOf } from "../tree/node.ts";
import { countUnset, NOTHING_UNSET, type Unset, type UnsetCounts } from "../tree/unset.ts";
import type { RootBuilder } from "./root-builder.ts";
import { setAttributes } from "./set-attributes.ts";

/** A file of the root with something unset; `path` is below the root, without a leading slash. */
export type UnsetRecord = Unset & { readonly path: string };

const DIRECTORIES_PER_TURN = 256;

/**
 * Gives all directories their owners, modes and times, deepest first: setting one changes its parent no more, and a directory that
 * shuts its owner out is not gone through again. Hands what could not be set on any file to `record`.
 */
export async function finishRoot(
  root: RootBuilder,
  rootDescriptor: number,
  record: (unset: UnsetRecord) => void,
): Promise<UnsetCounts> {
  let counts = NOTHING_UNSET;
  const note = (unset: Unset | undefined, path: () => string) => {
    if (unset === undefined) return;
    counts = countUnset(counts, unset);
    record({ path: readable(path()), ...unset });
  };
  let turn = 0;
  for (const directory of deepestFirst(root.tree)) {
    for (const [name, node] of directory.children) {
      if (node.kind !== "directory") note(node.unset, () => pathOf(directory, name));
    }
    const descriptor = directory.parent === undefined ? rootDescriptor : root.descriptors.of(directory);
    note(setAttributes(descriptor, directory.name, directory.attributes, root.privileges), () => pathOf(directory));
    root.descriptors.forget(directory);
    turn++;
    if (turn % DIRECTORIES_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return counts;
}

function* deepestFirst(directory: DirectoryNode): Generator<DirectoryNode> {
  for (const node of directory.children.values()) if (node.kind === "directory") yield* deepestFirst(node);
  yield directory;
}
