/** What changed, as FileService.Watch tells it. */
export type ChangeKind = "created" | "modified" | "attributes" | "removed" | "moved-from" | "moved-to" | "gone";

export interface TreeChange {
  readonly kind: ChangeKind;
  /** In the directory that is watched; empty for what is watched itself. */
  readonly name: string;
  readonly cookie: number;
}

export type Watcher = (change: TreeChange) => void;

interface Common {
  readonly ino: bigint;
  mode: number;
  uid: number;
  gid: number;
  links: number;
  accessed: Date;
  modified: Date;
  changed: Date;
  readonly watchers: Set<Watcher>;
}

export type RegularFile = Common & { readonly type: "file"; content: Uint8Array };
export type Directory = Common & { readonly type: "directory"; readonly entries: Map<string, Node> };
export type Symlink = Common & { readonly type: "symlink"; readonly target: string };
export type Special = Common & { readonly type: "character-device" | "fifo" };
/** A file of any type. Names are kept as Latin-1 text, one character for each byte. */
export type Node = RegularFile | Directory | Symlink | Special;

/** Who a file belongs to. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export const ROOT: Owner = { uid: 0, gid: 0 };

let inodes = 1n;

function common(mode: number, { uid, gid }: Owner): Common {
  const now = new Date();
  const times = { accessed: now, modified: now, changed: now };
  return { ino: inodes++, mode, uid, gid, links: 1, ...times, watchers: new Set() };
}

export const newFile = (content: Uint8Array, mode = 0o644, owner = ROOT): RegularFile => ({
  ...common(mode, owner),
  type: "file",
  content,
});
export const newDirectory = (mode = 0o755, owner = ROOT): Directory => ({
  ...common(mode, owner),
  type: "directory",
  entries: new Map(),
});
export const newSymlink = (target: string, owner = ROOT): Symlink => ({
  ...common(0o777, owner),
  type: "symlink",
  target,
});
export const newSpecial = (type: Special["type"], mode = 0o666, owner = ROOT): Special => ({
  ...common(mode, owner),
  type,
});
