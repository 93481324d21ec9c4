import { posix } from "node:path";
import { Parser, type ReadEntry } from "tar";
import { tarArchive } from "../../image/tar-archive.ts";
import type { TarEntry } from "../../image/tar-entry.ts";
import { Errno } from "./errno.ts";
import type { FileTree } from "./file-tree.ts";
import type { Node, Owner } from "./node.ts";

/** A tree as a tar archive; names are UTF-8. */
export function packTree(node: Node, name: string): Uint8Array {
  return tarArchive(entriesOf(node, name, new Map()));
}

function entriesOf(node: Node, path: string, seen: Map<Node, string>): TarEntry[] {
  const { mode, uid, gid } = node;
  const base = { path: utf8(path), mode, uid, gid, mtime: Math.floor(node.modified.getTime() / 1000) };
  const first = seen.get(node);
  if (first !== undefined) return [{ ...base, type: "hardlink", target: utf8(first) }];
  if (node.links > 1) seen.set(node, path);
  switch (node.type) {
    case "directory": {
      const below = [...node.entries].flatMap(([name, child]) => entriesOf(child, posix.join(path, name), seen));
      return [{ ...base, type: "directory" }, ...below];
    }
    case "file":
      return [{ ...base, type: "file", content: node.content }];
    case "symlink":
      return [{ ...base, type: "symlink", target: utf8(node.target) }];
    case "fifo":
      return [{ ...base, type: "fifo" }];
    case "character-device":
      return [{ ...base, type: node.type, major: 1, minor: 3 }];
  }
}

/**
 * Unpacks an archive below a directory, which nothing gets out of; extended attributes are left out. @returns the number of entries.
 *
 * @throws Errno, or another error where the archive is none.
 */
export async function unpackTree(
  tree: FileTree,
  directory: string,
  archive: AsyncIterable<Uint8Array>,
  owner: Owner,
  keepOwners: boolean,
): Promise<number> {
  tree.list(directory);
  const parts: Uint8Array[] = [];
  for await (const part of archive) parts.push(part);
  const entries: { entry: ReadEntry; content: Promise<Buffer> }[] = [];
  await new Promise<void>((resolve, reject) => {
    const parser = new Parser({ strict: true });
    parser.on("entry", (entry: ReadEntry) => entries.push({ entry, content: entry.concat() as Promise<Buffer> }));
    parser.on("error", reject);
    parser.on("end", resolve);
    parser.end(Buffer.concat(parts));
  });
  for (const { entry, content } of entries) {
    const owned = keepOwners ? { uid: entry.uid ?? 0, gid: entry.gid ?? 0 } : owner;
    unpackEntry(tree, directory, entry, await content, owned);
  }
  return entries.length;
}

/**
 * Copies a file or tree, as an archive that is unpacked where it is packed. @returns the number of entries.
 *
 * @throws Errno
 */
export async function copyTree(
  tree: FileTree,
  from: string,
  to: string,
  { recursive, follow, owner }: { readonly recursive: boolean; readonly follow: boolean; readonly owner: Owner },
): Promise<number> {
  const source = tree.stat(from, follow);
  if (source.type === "directory" && !recursive) throw new Errno("EISDIR", from);
  if (source.type !== "directory" && to.endsWith("/")) throw new Errno("ENOTDIR", to);
  const { dir, base } = posix.parse(to);
  tree.makeDirectory(dir, { recursive: true, owner });
  for (let path = to; path !== "/"; path = posix.dirname(path)) {
    if (existing(tree, path) === source) throw new Errno("EINVAL", to);
  }
  const archive = packTree(source, base);
  async function* whole() {
    yield archive;
  }
  return unpackTree(tree, dir, whole(), owner, false);
}

function unpackEntry(tree: FileTree, directory: string, entry: ReadEntry, content: Uint8Array, owner: Owner): void {
  const path = beneath(tree, directory, entry.path);
  const isDirectory = entry.type === "Directory";
  const old = existing(tree, path);
  if (old !== undefined && (old.type === "directory") !== isDirectory) {
    throw new Errno(isDirectory ? "ENOTDIR" : "EISDIR", path);
  }
  if (old !== undefined && !isDirectory) tree.remove(path);
  if (entry.type === "Link") {
    tree.link(beneath(tree, directory, entry.linkpath ?? ""), path);
    return;
  }
  if (isDirectory) tree.makeDirectory(path, { recursive: true, owner });
  else if (entry.type === "SymbolicLink") tree.symlink(latin1(entry.linkpath ?? ""), path, owner);
  else tree.write(path, content, { manner: "exclusive", owner });
  const mode = entry.type === "SymbolicLink" ? undefined : entry.mode;
  tree.setAttributes(path, false, { ...owner, mode, modified: entry.mtime });
}

/** The path of a name in the archive, with the directories above it; no link is followed. */
function beneath(tree: FileTree, directory: string, name: string): string {
  const names = latin1(name)
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  if (names.includes("..")) throw new Errno("EINVAL", name);
  let path = directory.replace(/\/+$/, "");
  for (const part of names.slice(0, -1)) {
    path += `/${part}`;
    const node = existing(tree, path);
    if (node === undefined) tree.makeDirectory(path);
    else if (node.type !== "directory") throw new Errno("ENOTDIR", path);
  }
  return names.length === 0 ? path || "/" : `${path}/${names.at(-1)}`;
}

function existing(tree: FileTree, path: string): Node | undefined {
  try {
    return tree.stat(path, false);
  } catch (error) {
    if (error instanceof Errno) return undefined;
    throw error;
  }
}

const utf8 = (name: string) => Buffer.from(name, "latin1").toString();
const latin1 = (name: string) => Buffer.from(name).toString("latin1");
