import { closeSync } from "node:fs";
import { type ByteString, byteString } from "../bytes/byte-string.ts";
import { compareEntries } from "../manifest/compare-entries.ts";
import { describeFile } from "../manifest/describe-file.ts";
import { byteStringOf, type ManifestEntry } from "../manifest/manifest-entry.ts";
import { openFileAt } from "../posix/at.ts";
import { errnoCode } from "../posix/errno.ts";
import { type Attributes, xattrBytes } from "../tar/entry.ts";
import type { Unset } from "../tree/unset.ts";
import { ContentCloner } from "./clone-content.ts";
import { DirectoryDescriptors } from "./directory-descriptors.ts";
import { FILE_COST_BYTES, type Pace } from "./pace.ts";
import { isRefusal } from "./privileges.ts";
import type { Place, RootBuilder } from "./root-builder.ts";
import { setAttributes } from "./set-attributes.ts";

/** A complete root that is to be the lowest layer of another. */
export interface ParentRoot {
  /** An open root directory. */
  readonly descriptor: number;
  /** Its manifest, whose digest is right. */
  readonly manifest: AsyncIterable<ManifestEntry>;
  /** What could not be set, by path. */
  readonly unset: ReadonlyMap<ByteString, Unset>;
}

/** Bounds of a copy. */
export interface CopyOptions {
  /** Told of each file before it is made; throws when the limits do not allow it. */
  readonly count: (fileBytes: number, metadataBytes: number) => void;
  readonly pace: Pace;
}

/** Why a root was not copied: it is not what its manifest says, or this user may not read all of it. */
export class ParentUnusable extends Error {
  readonly damaged: boolean;

  constructor(path: ByteString, damaged: boolean) {
    super(`${JSON.stringify(path)} is ${damaged ? "damaged" : "not readable"}`);
    this.damaged = damaged;
  }
}

/**
 * Makes an empty root what a layer with everything of another root would have made it. Everything is compared with the manifest, the
 * content of every file included, so that damage is found and not handed on.
 *
 * @throws ParentUnusable
 */
export async function copyParent(root: RootBuilder, parent: ParentRoot, options: CopyOptions): Promise<void> {
  root.beginLayer();
  using copy = new Copy(root, parent, options);
  for await (const entry of parent.manifest) await copy.add(entry);
  copy.addAbsent();
}

class Copy implements Disposable {
  readonly #root: RootBuilder;
  readonly #parent: ParentRoot;
  readonly #options: CopyOptions;
  /** Of the parent's directories, by the nodes that are made like them. */
  readonly #sources: DirectoryDescriptors;
  readonly #cloner = new ContentCloner();
  /** First names of inodes that have several. */
  readonly #firstNames = new Map<bigint, PathNames>();

  constructor(root: RootBuilder, parent: ParentRoot, options: CopyOptions) {
    this.#root = root;
    this.#parent = parent;
    this.#options = options;
    this.#sources = new DirectoryDescriptors(parent.descriptor);
  }

  async add(entry: ManifestEntry): Promise<void> {
    const path = byteStringOf(entry.path);
    await this.#options.pace(FILE_COST_BYTES);
    const attributes = attributesOf(entry, this.#parent.unset.get(path));
    // A root directory without an entry is in every root and counts in none.
    if (path !== "") {
      const target = entry.target === undefined ? "" : byteStringOf(entry.target);
      this.#options.count(entry.size ?? 0, path.length + target.length + xattrBytes(attributes));
    }
    if (path === "") return this.#root.describeRoot(attributes);
    const names = namesOf(path);
    if (entry.type === "directory") return this.#root.addDirectory(names.parents, names.name, attributes);
    const place = this.#root.prepare(names.parents, names.name);
    const sharedInode = this.#check(entry, path, place);
    const first = sharedInode === undefined ? undefined : this.#firstNames.get(sharedInode);
    if (first !== undefined) return this.#root.addHardLink(names.parents, names.name, first);
    if (sharedInode !== undefined) this.#firstNames.set(sharedInode, names);
    if (entry.type === "file") await this.#addFile(entry, path, place, attributes);
    else if (entry.type === "symlink") this.#root.addSymlink(place, byteStringOf(entry.target ?? ""), attributes);
    else if (entry.type === "fifo") this.#root.addFifo(place, attributes);
    else if (entry.type !== "socket") this.#addDevice(entry.type, entry.device, place, attributes);
  }

  /** Devices that have a name and nothing on disk. */
  addAbsent(): void {
    for (const [path, { device, owner, xattrs }] of this.#parent.unset) {
      if (device === undefined) continue;
      const { parents, name } = namesOf(path);
      const { mode } = device;
      const attributes = { mode, uid: owner?.uid ?? 0, gid: owner?.gid ?? 0, mtime: { sec: 0, nsec: 0 } };
      const type = device.type === "block" ? "block-device" : "character-device";
      const unsetXattrs = xattrsOf([], xattrs);
      this.#addDevice(type, device, this.#root.prepare(parents, name), { ...attributes, xattrs: unsetXattrs });
    }
  }

  [Symbol.dispose](): void {
    this.#sources[Symbol.dispose]();
  }

  /** Compares a file but for its content with its entry. @returns its inode if it has several names. */
  #check(entry: ManifestEntry, path: ByteString, { directory, name }: Place): bigint | undefined {
    const found = usable(path, () => describeFile(this.#sources.of(directory), name, path));
    const { sha256 } = entry;
    const actual = sha256 === undefined ? found.entry : { ...found.entry, sha256 };
    if (compareEntries(entry, actual).length > 0) throw new ParentUnusable(path, true);
    return found.sharedInode;
  }

  async #addFile(entry: ManifestEntry, path: ByteString, place: Place, attributes: Attributes): Promise<void> {
    const from = usable(path, () => openFileAt(this.#sources.of(place.directory), place.name));
    try {
      const to = this.#root.createFile(place);
      try {
        const sha256 = await this.#cloner.clone(from, to, this.#options.pace);
        if (Buffer.from(sha256, "latin1").toString("hex") !== entry.sha256) throw new ParentUnusable(path, true);
        this.#root.addFile(place, sha256, setAttributes(to, place.name, attributes, this.#root.privileges));
      } finally {
        closeSync(to);
      }
    } finally {
      closeSync(from);
    }
  }

  #addDevice(
    type: "character-device" | "block-device",
    device: ManifestEntry["device"],
    place: Place,
    attributes: Attributes,
  ): void {
    const { major: deviceMajor, minor: deviceMinor } = device ?? { major: 0, minor: 0 };
    this.#root.addDevice(place, { type, deviceMajor, deviceMinor, attributes });
  }
}

interface PathNames {
  readonly parents: readonly ByteString[];
  readonly name: ByteString;
}

function namesOf(path: ByteString): PathNames {
  const parents = path.split("/");
  const name = parents.pop() ?? "";
  return { parents, name };
}

/** What the layers said of a file: what is on disk, and what could not be set. */
function attributesOf({ mode, uid, gid, mtime, xattrs }: ManifestEntry, unset: Unset | undefined): Attributes {
  const ns = BigInt(mtime);
  const nsec = ((ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  return {
    mode,
    uid: unset?.owner?.uid ?? uid,
    gid: unset?.owner?.gid ?? gid,
    mtime: { sec: Number((ns - nsec) / NS_PER_SECOND), nsec: Number(nsec) },
    xattrs: xattrsOf(xattrs ?? [], unset?.xattrs),
  };
}

const NS_PER_SECOND = 1_000_000_000n;

function xattrsOf(onDisk: NonNullable<ManifestEntry["xattrs"]>, unset: Unset["xattrs"]): Attributes["xattrs"] {
  const known = onDisk.map(([name, value]) => [byteStringOf(name), Buffer.from(value, "base64")] as const);
  const refused = Object.entries(unset ?? {}).map(
    ([name, value]) => [byteString(Buffer.from(name)), Buffer.from(value, "base64")] as const,
  );
  return known.length + refused.length === 0 ? undefined : new Map([...known, ...refused]);
}

function usable<T>(path: ByteString, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    const code = errnoCode(error);
    if (isRefusal(code)) throw new ParentUnusable(path, false);
    if (code !== undefined && ["ENOENT", "ENOTDIR", "ELOOP", "EIO"].includes(code))
      throw new ParentUnusable(path, true);
    throw error;
  }
}
