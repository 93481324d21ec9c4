import { type ByteString, readable } from "../bytes/byte-string.ts";
import { layerFault } from "../errors/layer-fault.ts";
import { cleanPath } from "../layer/entry-name.ts";
import { IncomingFile } from "../layer/incoming-file.ts";
import { isCopiedXattr, MAX_XATTR_NAME_BYTES, MAX_XATTR_VALUE_BYTES } from "../layer/reserved-xattr.ts";
import type { Tally } from "../layer/tally.ts";
import type { RootBuilder } from "../root/root-builder.ts";
import { type Attributes, type TarEntry, xattrBytes } from "../tar/entry.ts";
import type { TarSink } from "../tar/reader.ts";

/** Paths of entries that were left out, of which as many are kept for the report. */
const REPORTED = 100;

/**
 * Extracts the entries of one archive as they come out of the tar stream. Names mean nothing but themselves: there are no
 * whiteouts. Devices and FIFOs are left out, because a guest could make the host open them.
 */
export class ArchiveWriter implements TarSink, Disposable {
  readonly #root: RootBuilder;
  readonly #tally: Tally;
  readonly #keepOwners: boolean;
  readonly #skipped = new Set<ByteString>();
  #open: IncomingFile | undefined;
  #path: ByteString | undefined;

  constructor(root: RootBuilder, tally: Tally, keepOwners: boolean) {
    this.#root = root;
    this.#tally = tally;
    this.#keepOwners = keepOwners;
    root.beginLayer();
  }

  /** Name of the entry that is at hand, for errors. */
  get path(): string | undefined {
    return this.#path === undefined ? undefined : readable(this.#path.slice(0, 4096));
  }

  get skipped(): readonly string[] {
    return [...this.#skipped].slice(0, REPORTED).map(readable);
  }

  entry(entry: TarEntry): void {
    this.#path = entry.path;
    this.#tally.addEntry(entry.size, entry.path.length + entry.linkTarget.length + xattrBytes(entry.attributes));
    const implied = this.#root.impliedDirectories;
    const names = cleanPath(entry.path, this.#tally.limits);
    const name = names.at(-1);
    if (name !== undefined) this.#add(names.slice(0, -1), name, entry);
    else if (entry.type !== "directory") throw layerFault("LAYER_INVALID", "An entry has no name");
    this.#tally.addImplied(this.#root.impliedDirectories - implied);
  }

  data(chunk: Buffer): void {
    // Archives have zeros for holes, unless what packs them knows better.
    this.#open?.content.writeWithHoles(chunk);
  }

  hole(bytes: number): void {
    this.#tally.addBytes(bytes);
    this.#open?.content.hole(bytes);
  }

  end(): void {
    this.#open?.end();
    this.#open = undefined;
  }

  [Symbol.dispose](): void {
    this.#open?.[Symbol.dispose]();
  }

  #add(parents: readonly ByteString[], name: ByteString, entry: TarEntry): void {
    const attributes = this.#attributesOf(entry);
    if (entry.type === "directory") this.#root.addDirectory(parents, name, attributes);
    else if (entry.type === "hardlink") this.#addHardLink(parents, name, entry);
    else if (entry.type === "symlink") this.#addSymlink(parents, name, entry.linkTarget, attributes);
    else if (entry.type === "file") {
      this.#open = new IncomingFile(this.#root, this.#root.prepare(parents, name), attributes);
    } else this.#skip([...parents, name]);
  }

  #addHardLink(parents: readonly ByteString[], name: ByteString, entry: TarEntry): void {
    const target = cleanPath(entry.linkTarget, this.#tally.limits);
    const last = target.at(-1);
    if (last === undefined) throw layerFault("LAYER_INVALID", "A hard link points to the root directory");
    if (this.#skipped.has(target.join("/"))) this.#skip([...parents, name]);
    else this.#root.addHardLink(parents, name, { parents: target.slice(0, -1), name: last });
  }

  #addSymlink(parents: readonly ByteString[], name: ByteString, target: ByteString, attributes: Attributes): void {
    const { maxSymlinkBytes } = this.#tally.limits;
    if (target === "") throw layerFault("LAYER_INVALID", "A symbolic link has no target");
    if (target.length > maxSymlinkBytes) {
      throw layerFault("LAYER_TOO_LARGE", `The target of a symbolic link has ${target.length} bytes`);
    }
    this.#root.addSymlink(this.#root.prepare(parents, name), target, attributes);
  }

  #skip(names: readonly ByteString[]): void {
    this.#skipped.add(names.join("/"));
  }

  /** Without `keepOwners` all is this user's own, and nothing runs with its rights in another's hands. */
  #attributesOf({ attributes, type }: TarEntry): Attributes {
    const xattrs = type === "file" || type === "directory" ? this.#xattrsOf(attributes) : undefined;
    if (this.#keepOwners) return { ...attributes, xattrs };
    const { uid, gid } = this.#root.privileges;
    return { mode: attributes.mode & 0o777, uid, gid, mtime: attributes.mtime, xattrs };
  }

  #xattrsOf({ xattrs }: Attributes): Attributes["xattrs"] {
    const kept = [...(xattrs ?? [])].filter(([name]) => isCopiedXattr(name, this.#keepOwners));
    for (const [name, value] of kept) {
      if (name.length <= MAX_XATTR_NAME_BYTES && value.length <= MAX_XATTR_VALUE_BYTES) continue;
      throw layerFault("LAYER_INVALID", "An extended attribute exceeds what Linux allows");
    }
    return kept.length === 0 ? undefined : new Map(kept);
  }
}
