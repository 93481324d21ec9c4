import { createHash } from "node:crypto";
import type { FuzzEntry } from "./fuzz-entry.ts";

/*
 * What layers mean, said once more and as plainly as possible: one map from paths to what is there, no directories that hold
 * anything, no disk, no stream. Shares nothing with the code under test.
 */

/** What is at a path. Names of one file share it. */
interface Inode {
  readonly type: FuzzEntry["type"];
  readonly target: string;
  readonly sha256: string;
  readonly size: number;
  attributes: Pick<FuzzEntry, "mode" | "uid" | "gid" | "mtime" | "xattrs">;
}

interface Name {
  readonly inode: Inode;
  /** The last layer that put it there or, for a directory, put something into it. */
  layer: number;
  /** Of a directory: the last layer with an entry for it. */
  described: number;
}

/** The layers are to be refused. */
export class Refused extends Error {}

const IMPLIED: Inode["attributes"] = { mode: 0o755, uid: 0, gid: 0, mtime: { sec: 0, nsec: 0 }, xattrs: {} };
const OPAQUE = ".wh..wh..opq";

/** Paths are names joined by slashes, the root is "". */
export class Model {
  readonly names = new Map<string, Name>([["", newDirectory(-1)]]);
  #layer = -1;

  /** @throws Refused */
  apply(entries: readonly FuzzEntry[]): void {
    this.#layer++;
    for (const entry of entries) this.#entry(entry);
  }

  #entry(entry: FuzzEntry): void {
    if ("user.overlay.opaque" in entry.xattrs) throw new Refused("a reserved attribute");
    const names = clean(entry.path);
    const name = names.at(-1);
    if (name === undefined) this.#root(entry);
    else this.#named(names, name, entry);
  }

  #named(names: readonly string[], name: string, entry: FuzzEntry): void {
    if (names[0] === ".a3s") throw new Refused("a reserved name");
    const parents = names.slice(0, -1);
    if (parents.some(isBookkeeping) || (isBookkeeping(name) && name !== OPAQUE)) return;
    if (parents.some((each) => each.startsWith(".wh."))) throw new Refused("in a whiteout");
    if (name === OPAQUE) this.#opaque(parents);
    else if (name.startsWith(".wh.")) this.#whiteout(parents, name.slice(4));
    else if (entry.type === "hardlink") this.#hardLink(parents, name, clean(entry.target));
    else this.#add(parents, name, entry);
  }

  #root(entry: FuzzEntry): void {
    if (entry.type !== "directory") throw new Refused("the root is no directory");
    this.#describe("", entry);
  }

  #add(parents: readonly string[], name: string, entry: FuzzEntry): void {
    if (entry.type === "symlink" && entry.target === "") throw new Refused("no target");
    const path = join(this.#enter(parents), name);
    checkName(name);
    if (entry.type === "directory") {
      if (this.names.get(path)?.inode.type !== "directory") this.#put(path, newDirectory(this.#layer).inode);
      this.#describe(path, entry);
      return;
    }
    const content = Buffer.concat([entry.content, Buffer.alloc(entry.hole)]);
    const { type, target } = entry;
    const isFile = type === "file";
    const sha256 = isFile ? createHash("sha256").update(content).digest("hex") : "";
    this.#put(path, { type, target, sha256, size: isFile ? content.length : 0, attributes: entry });
  }

  #hardLink(parents: readonly string[], name: string, target: readonly string[]): void {
    const last = target.at(-1);
    if (last === undefined || target.some((each) => each.startsWith(".wh."))) throw new Refused("no file's name");
    const from = this.#follow(target.slice(0, -1)).path;
    const original = this.names.get(join(from, last));
    if (!this.#isDirectory(from) || original === undefined || original.inode.type === "directory") {
      throw new Refused("no such file");
    }
    const directory = this.#enter(parents);
    const path = join(directory, name);
    if (path === join(from, last)) return;
    checkName(name);
    this.#remove(path);
    if (this.names.get(join(from, last)) !== original) throw new Refused("the link replaces its target");
    this.#put(path, original.inode);
  }

  #whiteout(parents: readonly string[], name: string): void {
    if (["", ".", ".."].includes(name)) throw new Refused("a whiteout of nothing");
    const { path } = this.#follow(parents);
    const hidden = this.names.get(join(path, name));
    if (!this.#isDirectory(path) || hidden === undefined) return;
    if (hidden.layer !== this.#layer) this.#remove(join(path, name));
    else this.#removeLower(join(path, name));
    if (hidden.inode.type === "directory" && hidden.described !== this.#layer) hidden.inode.attributes = IMPLIED;
  }

  #opaque(directory: readonly string[]): void {
    const { path } = this.#follow(directory);
    if (this.#isDirectory(path)) this.#removeLower(path);
  }

  /** Where names lead, as for a process that has the root as its own; what does not exist is taken as text. */
  #follow(names: readonly string[]): { readonly path: string; readonly links: number } {
    let at: string[] = [];
    let links = 0;
    const todo = [...names];
    for (let name = todo.shift(); name !== undefined; name = todo.shift()) {
      if (name === "" || name === ".") continue;
      const found = this.names.get([...at, name].join("/"));
      if (name === "..") at.pop();
      else if (found?.inode.type === "symlink") {
        links++;
        if (links > 40) throw new Refused("a loop");
        if (found.inode.target.startsWith("/")) at = [];
        todo.unshift(...found.inode.target.split("/"));
      } else at.push(name);
    }
    return { path: at.join("/"), links };
  }

  /** Makes the directory that names lead to. Answers its path. */
  #enter(names: readonly string[]): string {
    const { path, links } = this.#follow(names);
    const steps = path === "" ? [] : path.split("/").map((_, index, all) => all.slice(0, index + 1).join("/"));
    const obstacle = steps.map((step) => this.names.get(step)).find((each) => each && each.inode.type !== "directory");
    if (obstacle !== undefined && (links > 0 || obstacle.layer === this.#layer)) throw new Refused("no directory");
    for (const step of steps) {
      if (this.#isDirectory(step)) continue;
      checkName(step.split("/").at(-1) ?? "");
      this.#put(step, newDirectory(this.#layer).inode);
    }
    return path;
  }

  #describe(path: string, attributes: Inode["attributes"]): void {
    const directory = this.names.get(path) as Name;
    directory.inode.attributes = attributes;
    directory.described = this.#layer;
    this.#touch(path);
  }

  #put(path: string, inode: Inode): void {
    this.#remove(path);
    this.names.set(path, { inode, layer: this.#layer, described: -1 });
    this.#touch(path);
  }

  /** It and all above it belong to this layer too. */
  #touch(path: string): void {
    for (let at = path; ; at = at.includes("/") ? at.slice(0, at.lastIndexOf("/")) : "") {
      (this.names.get(at) as Name).layer = this.#layer;
      if (at === "") return;
    }
  }

  #remove(path: string): void {
    this.names.delete(path);
    for (const each of this.#below(path)) this.names.delete(each);
  }

  #removeLower(path: string): void {
    // A directory that this layer touched is of this layer, so what is of a lower one is so with all below it.
    for (const each of this.#below(path)) if (this.names.get(each)?.layer !== this.#layer) this.names.delete(each);
  }

  #below(path: string): readonly string[] {
    return [...this.names.keys()].filter((each) => each !== "" && (path === "" || each.startsWith(`${path}/`)));
  }

  #isDirectory(path: string): boolean {
    return this.names.get(path)?.inode.type === "directory";
  }
}

function newDirectory(layer: number): Name {
  const inode: Inode = { type: "directory", target: "", sha256: "", size: 0, attributes: IMPLIED };
  return { inode, layer, described: -1 };
}

function clean(path: string): readonly string[] {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name !== "..") names.push(name);
    else if (names.pop() === undefined) throw new Refused("out of the root");
  }
  return names;
}

function checkName(name: string): void {
  if (Buffer.byteLength(name) > 255) throw new Refused("a long name");
}

function isBookkeeping(name: string): boolean {
  return name.startsWith(".wh..wh.");
}

function join(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}
