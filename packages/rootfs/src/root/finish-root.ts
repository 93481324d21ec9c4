import { fchmodSync } from "node:fs";
import type { ByteString } from "../bytes/byte-string.ts";
import { describeFile } from "../manifest/describe-file.ts";
import { type ManifestEntry, type NameBytes, nameBytes } from "../manifest/manifest-entry.ts";
import type { DirectoryNode, LeafNode, TreeNode } from "../tree/node.ts";
import { countUnset, NOTHING_UNSET, type Unset, type UnsetCounts } from "../tree/unset.ts";
import type { RootBuilder } from "./root-builder.ts";
import { setAttributes } from "./set-attributes.ts";

/** A file of the root with something unset; `path` is below the root, without a leading slash. */
export type UnsetRecord = Unset & { readonly path: NameBytes };

/** Receives what {@link finishRoot} finds. */
export interface RootRecords {
  /** What could not be set on a file. */
  unset(record: UnsetRecord): void;
  /** Each file as it is on disk: directories before what they hold, names by their bytes. */
  file(entry: ManifestEntry): void;
}

/** A root that is done, in numbers. */
export interface FinishedRoot {
  readonly unset: UnsetCounts;
  /** Files on disk, the root directory among them. */
  readonly files: number;
  /** What they take on disk, each inode once. */
  readonly diskBytes: number;
}

const FILES_PER_TURN = 500;
/** Without these, who is not root cannot go through a directory of his own. */
const OWNER_MODE = 0o700;

/**
 * Gives all directories their owners, modes and times, and describes every file. Directories that shut their owner out get their modes
 * when everything is described, deepest first.
 *
 * @throws the signal's reason; a million files take many seconds.
 */
export async function finishRoot(
  root: RootBuilder,
  rootDescriptor: number,
  records: RootRecords,
  signal: AbortSignal,
): Promise<FinishedRoot> {
  const finish = new Finish(root, rootDescriptor, records);
  let visited = 0;
  for (const file of inOrder({ path: "", node: root.tree, parent: root.tree, name: "" })) {
    finish.visit(file);
    visited++;
    if (visited % FILES_PER_TURN !== 0) continue;
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
  finish.shutDirectories();
  return finish.result;
}

interface Visited {
  readonly path: ByteString;
  readonly node: TreeNode;
  readonly parent: DirectoryNode;
  readonly name: ByteString;
}

function* inOrder(file: Visited): Generator<Visited> {
  yield file;
  const { path, node } = file;
  if (node.kind !== "directory") return;
  const children = [...node.children].toSorted(([one], [other]) => (one < other ? -1 : 1));
  for (const [name, child] of children) {
    yield* inOrder({ path: path === "" ? name : `${path}/${name}`, node: child, parent: node, name });
  }
}

class Finish {
  readonly #root: RootBuilder;
  readonly #rootDescriptor: number;
  readonly #records: RootRecords;
  readonly #shut: DirectoryNode[] = [];
  readonly #sharedInodes = new Set<bigint>();
  #unset = NOTHING_UNSET;
  #files = 0;
  #diskBytes = 0;

  constructor(root: RootBuilder, rootDescriptor: number, records: RootRecords) {
    this.#root = root;
    this.#rootDescriptor = rootDescriptor;
    this.#records = records;
  }

  get result(): FinishedRoot {
    return { unset: this.#unset, files: this.#files, diskBytes: this.#diskBytes };
  }

  visit({ path, node, parent, name }: Visited): void {
    if (node.kind === "directory") this.#directory(path, node);
    else this.#leaf(path, node, this.#descriptorOf(parent), name);
  }

  shutDirectories(): void {
    for (const node of this.#shut.toReversed()) {
      fchmodSync(this.#descriptorOf(node), node.attributes.mode);
      this.#root.descriptors.forget(node);
    }
  }

  #directory(path: ByteString, node: DirectoryNode): void {
    const { mode } = node.attributes;
    const descriptor = this.#descriptorOf(node);
    const passable = { ...node.attributes, mode: mode | OWNER_MODE };
    this.#note(path, setAttributes(descriptor, node.name, passable, this.#root.privileges));
    if (passable.mode !== mode) this.#shut.push(node);
    this.#describe(descriptor, ".", path, passable.mode === mode ? {} : { mode });
  }

  #leaf(path: ByteString, node: LeafNode, parent: number, name: ByteString): void {
    this.#note(path, node.unset);
    if (node.kind === "absent") return;
    const known = node.kind === "file" ? { sha256: Buffer.from(node.sha256, "latin1").toString("hex") } : {};
    this.#describe(parent, name, path, known);
  }

  #note(path: ByteString, unset: Unset | undefined): void {
    if (unset === undefined) return;
    this.#unset = countUnset(this.#unset, unset);
    this.#records.unset({ path: nameBytes(path), ...unset });
  }

  #describe(directory: number, name: ByteString, path: ByteString, known: Partial<ManifestEntry>): void {
    const { entry, sharedInode, diskBytes } = describeFile(directory, name, path);
    this.#records.file({ ...entry, ...known });
    this.#files++;
    if (sharedInode !== undefined && this.#sharedInodes.has(sharedInode)) return;
    if (sharedInode !== undefined) this.#sharedInodes.add(sharedInode);
    this.#diskBytes += diskBytes;
  }

  #descriptorOf(node: DirectoryNode): number {
    return node.parent === undefined ? this.#rootDescriptor : this.#root.descriptors.of(node);
  }
}
