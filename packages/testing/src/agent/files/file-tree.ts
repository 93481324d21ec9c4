import { Errno } from "./errno.ts";
import { lookUp, type Place } from "./lookup.ts";
import {
  type ChangeKind,
  type Directory,
  type Node,
  newDirectory,
  newFile,
  newSymlink,
  type Owner,
  type RegularFile,
  ROOT,
  type Watcher,
} from "./node.ts";

/** How a file is written; the words of FileService.Write. */
export interface WriteManner {
  readonly manner: "replace" | "overwrite" | "append" | "exclusive";
  readonly mode?: number | undefined;
  readonly owner?: Owner | undefined;
}

/** What is changed of a file. */
export interface Attributes {
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly accessed?: Date | undefined;
  readonly modified?: Date | undefined;
}

/**
 * A guest's files, in memory. Paths are absolute and Latin-1: one character for each byte. Everyone may do everything.
 * Calls throw {@link Errno} as a kernel would answer.
 */
export class FileTree {
  readonly root: Directory = newDirectory();
  #cookies = 0;

  /** What a path leads to. */
  stat(path: string, follow = true): Node {
    const { node } = lookUp(this.root, path, follow);
    if (node === undefined) throw new Errno("ENOENT", path);
    return node;
  }

  /** The content of a regular file. */
  read(path: string): Uint8Array {
    return this.#regular(this.stat(path), path).content;
  }

  /** What a directory holds. */
  list(path: string): ReadonlyMap<string, Node> {
    return this.#directory(this.stat(path), path).entries;
  }

  /** Whether a file could be written so, before its content is there. */
  checkWrite(path: string, { manner }: WriteManner): void {
    const place = lookUp(this.root, path, manner !== "exclusive");
    if (place.mustBeDirectory || place.node?.type === "directory") {
      throw new Errno(place.node !== undefined && manner === "exclusive" ? "EEXIST" : "EISDIR", path);
    }
    if (place.node === undefined) return;
    if (manner === "exclusive") throw new Errno("EEXIST", path);
    this.#regular(place.node, path);
  }

  /** Writes a regular file. */
  write(path: string, content: Uint8Array, options: WriteManner = { manner: "replace" }): void {
    this.checkWrite(path, options);
    const { parent, name, node } = lookUp(this.root, path, options.manner !== "exclusive");
    const { manner, mode, owner = ROOT } = options;
    if (node?.type === "file" && manner !== "replace") {
      node.content = manner === "append" ? Buffer.concat([node.content, content]) : content;
      node.modified = new Date();
      if (mode !== undefined) node.mode = mode;
      this.#tell(parent, name, node, "modified");
      return;
    }
    const old = node?.type === "file" ? node : undefined;
    const file = newFile(content, mode ?? old?.mode ?? 0o644, old ?? owner);
    parent.entries.set(name, file);
    this.#tell(parent, name, file, old === undefined ? "created" : "moved-to");
  }

  /** Cuts a regular file, or lengthens it by zeros. */
  truncate(path: string, size: number): void {
    const content = this.read(path);
    this.write(path, Buffer.concat([content.subarray(0, size)], size), { manner: "overwrite" });
  }

  makeDirectory(path: string, options: { recursive?: boolean; mode?: number | undefined; owner?: Owner } = {}): void {
    const { recursive = false, mode = 0o755, owner = ROOT } = options;
    if (recursive) {
      const names = path.split("/").filter((name) => name !== "");
      for (let count = 1; count < names.length; count++)
        this.#make(`/${names.slice(0, count).join("/")}`, 0o755, owner);
      this.#make(path, mode, owner);
    } else {
      const { parent, name, node } = lookUp(this.root, path, false);
      if (node !== undefined) throw new Errno("EEXIST", path);
      this.#put(parent, name, newDirectory(mode, owner));
    }
  }

  /** Removes a file, or a tree. */
  remove(path: string, { recursive = false, force = false } = {}): void {
    const place = this.#placeOrNothing(path, force);
    if (place?.node === undefined) {
      if (force) return;
      throw new Errno("ENOENT", path);
    }
    const { parent, name, node } = place;
    if (name === "") throw new Errno("EBUSY", path);
    if (node.type === "directory" && !recursive) throw new Errno("EISDIR", path);
    parent.entries.delete(name);
    node.links--;
    this.#tell(parent, name, node, "removed");
  }

  rename(from: string, to: string): void {
    const source = lookUp(this.root, from, false);
    const target = lookUp(this.root, to, false);
    if (source.node === undefined) throw new Errno("ENOENT", from);
    if (source.name === "" || target.name === "") throw new Errno("EBUSY", from);
    if (source.node.type === "directory" && holds(source.node, target.parent)) throw new Errno("EINVAL", from);
    if (source.node === target.node) return;
    this.#checkReplaced(source.node, target, to);
    source.parent.entries.delete(source.name);
    target.parent.entries.set(target.name, source.node);
    const cookie = ++this.#cookies;
    this.#tell(source.parent, source.name, source.node, "moved-from", cookie);
    this.#tell(target.parent, target.name, source.node, "moved-to", cookie);
  }

  symlink(target: string, path: string, owner: Owner = ROOT): void {
    const { parent, name, node } = lookUp(this.root, path, false);
    if (node !== undefined) throw new Errno("EEXIST", path);
    this.#put(parent, name, newSymlink(target, owner));
  }

  link(target: string, path: string): void {
    const file = this.stat(target, false);
    const { parent, name, node } = lookUp(this.root, path, false);
    if (node !== undefined) throw new Errno("EEXIST", path);
    if (file.type === "directory") throw new Errno("EPERM", target);
    file.links++;
    this.#put(parent, name, file);
  }

  readLink(path: string): string {
    const node = this.stat(path, false);
    if (node.type !== "symlink") throw new Errno("EINVAL", path);
    return node.target;
  }

  setAttributes(path: string, follow: boolean, attributes: Attributes): void {
    const { parent, name, node } = lookUp(this.root, path, follow);
    if (node === undefined) throw new Errno("ENOENT", path);
    const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
    Object.assign(node, Object.fromEntries(given), { changed: new Date() });
    this.#tell(parent, name, node, "attributes");
  }

  /** Puts a node where nothing is, such as a device. */
  put(path: string, node: Node): void {
    const { parent, name, node: old } = lookUp(this.root, path, false);
    if (old !== undefined) throw new Errno("EEXIST", path);
    this.#put(parent, name, node);
  }

  /** Tells of changes of a file, and of what is directly in a directory. @returns what ends it. */
  watch(path: string, watcher: Watcher): () => void {
    const { watchers } = this.stat(path);
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }

  #make(path: string, mode: number, owner: Owner): void {
    const { parent, name, node } = lookUp(this.root, path, true);
    if (node === undefined) this.#put(parent, name, newDirectory(mode, owner));
    else if (node.type !== "directory") throw new Errno("ENOTDIR", path);
  }

  #put(parent: Directory, name: string, node: Node): void {
    parent.entries.set(name, node);
    this.#tell(parent, name, node, "created");
  }

  #placeOrNothing(path: string, force: boolean): Place | undefined {
    try {
      return lookUp(this.root, path, false);
    } catch (error) {
      if (force && error instanceof Errno) return undefined;
      throw error;
    }
  }

  #checkReplaced(source: Node, target: Place, path: string): void {
    if (target.node === undefined) return;
    if (source.type === "directory") {
      if (target.node.type !== "directory") throw new Errno("ENOTDIR", path);
      if (target.node.entries.size > 0) throw new Errno("ENOTEMPTY", path);
    } else if (target.node.type === "directory") throw new Errno("EISDIR", path);
  }

  #regular(node: Node, path: string): RegularFile {
    if (node.type === "directory") throw new Errno("EISDIR", path);
    if (node.type !== "file") throw new Errno("EOPNOTSUPP", path);
    return node;
  }

  #directory(node: Node, path: string): Directory {
    if (node.type !== "directory") throw new Errno("ENOTDIR", path);
    return node;
  }

  /** Those who watch the directory hear the name, those who watch the file itself what happened to it. */
  #tell(parent: Directory, name: string, node: Node, kind: ChangeKind, cookie = 0): void {
    for (const watcher of [...parent.watchers]) watcher({ kind, name, cookie });
    for (const watcher of [...node.watchers]) {
      if (kind === "modified" || kind === "attributes") watcher({ kind, name: "", cookie });
      // inotify(7): the link count changes before the file goes.
      if (kind === "removed") {
        watcher({ kind: "attributes", name: "", cookie });
        watcher({ kind: "gone", name: "", cookie });
      }
    }
  }
}

function holds(directory: Directory, sought: Directory): boolean {
  if (directory === sought) return true;
  return [...directory.entries.values()].some((node) => node.type === "directory" && holds(node, sought));
}
