import type { ByteString } from "../bytes/byte-string.ts";
import type { Attributes } from "../tar/entry.ts";
import type { Unset } from "./unset.ts";

/**
 * Everything in the root that is being built. Nobody else writes there, so this is the truth about what is on disk: where a name
 * leads is decided here, without asking the file system, and the file system is then told without following anything.
 */
export type TreeNode = DirectoryNode | LeafNode;

export interface DirectoryNode {
  readonly kind: "directory";
  /** Undefined for the root, and again once the directory is removed. */
  parent: DirectoryNode | undefined;
  readonly name: ByteString;
  readonly depth: number;
  /** Bytes of the path below the root. */
  readonly pathBytes: number;
  readonly children: Map<ByteString, TreeNode>;
  /** The last layer that made it or put something into it. */
  layer: number;
  /** The last layer with an entry for the directory itself, -1 for none. */
  describedIn: number;
  /** The last layer that has removed all of lower layers in it, -1 for none. */
  clearedIn: number;
  /** Set on disk when all layers are applied: mtimes change with every entry, and modes could lock the owner out. */
  attributes: Attributes;
}

export interface LeafNode {
  /** `absent`: a device that could not be made; it has a name here and nothing on disk. */
  readonly kind: "file" | "symlink" | "special" | "absent";
  /** The layer that put the name there. */
  readonly layer: number;
  /** Target of a symbolic link, else empty. */
  readonly target: ByteString;
  /** SHA-256 of a file's content, else empty. */
  readonly sha256: ByteString;
  /** What could not be set on disk. Names of one inode share it. */
  readonly unset: Unset | undefined;
}

/** Attributes of directories that no layer describes: the root, and parents that only appear in names. */
export const IMPLIED_ATTRIBUTES: Attributes = {
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtime: { sec: 0, nsec: 0 },
  xattrs: undefined,
};

export function rootNode(): DirectoryNode {
  return {
    kind: "directory",
    parent: undefined,
    name: "",
    depth: 0,
    pathBytes: 0,
    children: new Map(),
    layer: -1,
    describedIn: -1,
    clearedIn: -1,
    attributes: IMPLIED_ATTRIBUTES,
  };
}

export function directoryNode(parent: DirectoryNode, name: ByteString, layer: number): DirectoryNode {
  return {
    kind: "directory",
    parent,
    name,
    depth: parent.depth + 1,
    pathBytes: parent.pathBytes + 1 + name.length,
    children: new Map(),
    layer,
    describedIn: -1,
    clearedIn: -1,
    attributes: IMPLIED_ATTRIBUTES,
  };
}

/** Says that a layer put something into a directory: whiteouts of the same layer spare it and all above it. */
export function touch(directory: DirectoryNode, layer: number): void {
  for (
    let node: DirectoryNode | undefined = directory;
    node !== undefined && node.layer !== layer;
    node = node.parent
  ) {
    node.layer = layer;
  }
}

/** Path below the root, without a leading slash; "" for the root. */
export function pathOf(directory: DirectoryNode, name?: ByteString): ByteString {
  const names = name === undefined ? [] : [name];
  for (let node = directory; node.parent !== undefined; node = node.parent) names.unshift(node.name);
  return names.join("/");
}
