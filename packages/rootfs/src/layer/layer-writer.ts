import { type ByteString, readable } from "../bytes/byte-string.ts";
import { layerFault } from "../errors/layer-fault.ts";
import type { RootBuilder } from "../root/root-builder.ts";
import { type Attributes, type TarEntry, xattrBytes } from "../tar/entry.ts";
import type { TarSink } from "../tar/reader.ts";
import { readEntryName, readHardLinkTarget } from "./entry-name.ts";
import type { Expansion } from "./expansion.ts";
import { IncomingFile } from "./incoming-file.ts";
import { isReservedXattr, MAX_XATTR_NAME_BYTES, MAX_XATTR_VALUE_BYTES } from "./reserved-xattr.ts";
import type { Tally } from "./tally.ts";

/** Applies the entries of one layer to a root as they come out of the tar stream. */
export class LayerWriter implements TarSink, Disposable {
  readonly #root: RootBuilder;
  readonly #tally: Tally;
  readonly #expansion: Expansion;
  #open: IncomingFile | undefined;
  #path: ByteString | undefined;

  constructor(root: RootBuilder, tally: Tally, expansion: Expansion) {
    this.#root = root;
    this.#tally = tally;
    this.#expansion = expansion;
    root.beginLayer();
  }

  /** Name of the entry that is being applied, as in the archive, for errors. */
  get path(): string | undefined {
    return this.#path === undefined ? undefined : readable(this.#path.slice(0, 4096));
  }

  entry(entry: TarEntry): void {
    this.#path = entry.path;
    this.#tally.addEntry(entry.size, entry.path.length + entry.linkTarget.length + xattrBytes(entry.attributes));
    checkXattrs(entry.attributes);
    const implied = this.#root.impliedDirectories;
    const name = readEntryName(entry.path, this.#tally.limits);
    if (name.kind === "whiteout") this.#root.whiteout(name.parents, name.name);
    else if (name.kind === "opaque") this.#root.opaqueWhiteout(name.directory);
    else if (name.kind === "entry") this.#add(name.parents, name.name, entry);
    else if (name.kind === "root") this.#describeRoot(entry);
    this.#tally.addImplied(this.#root.impliedDirectories - implied);
  }

  data(chunk: Buffer): void {
    // Nothing is open for the content of whiteouts and of what is ignored.
    this.#open?.content.write(chunk);
  }

  hole(bytes: number): void {
    this.#tally.addBytes(bytes);
    this.#expansion.hole(bytes);
    this.#open?.content.hole(bytes);
  }

  end(): void {
    this.#open?.end();
    this.#open = undefined;
  }

  [Symbol.dispose](): void {
    this.#open?.[Symbol.dispose]();
  }

  #describeRoot(entry: TarEntry): void {
    if (entry.type !== "directory")
      throw layerFault("LAYER_INVALID", "An entry makes the root directory something else");
    this.#root.describeRoot(entry.attributes);
  }

  #add(parents: readonly ByteString[], name: ByteString, entry: TarEntry): void {
    const { attributes, type } = entry;
    if (type === "directory") this.#root.addDirectory(parents, name, attributes);
    else if (type === "hardlink") {
      this.#root.addHardLink(parents, name, readHardLinkTarget(entry.linkTarget, this.#tally.limits));
    } else this.#addInPlace(parents, name, entry);
  }

  #addInPlace(parents: readonly ByteString[], name: ByteString, entry: TarEntry): void {
    const { attributes, type } = entry;
    if (type === "symlink") this.#checkSymlink(entry.linkTarget);
    const place = this.#root.prepare(parents, name);
    if (type === "file") this.#open = new IncomingFile(this.#root, place, attributes);
    else if (type === "symlink") this.#root.addSymlink(place, entry.linkTarget, attributes);
    else if (type === "fifo") this.#root.addFifo(place, attributes);
    else this.#root.addDevice(place, entry);
  }

  #checkSymlink(target: ByteString): void {
    if (target === "") throw layerFault("LAYER_INVALID", "A symbolic link has no target");
    if (target.length > this.#tally.limits.maxSymlinkBytes) {
      throw layerFault("LAYER_TOO_LARGE", `The target of a symbolic link has ${target.length} bytes`);
    }
  }
}

function checkXattrs(attributes: Attributes): void {
  for (const [name, value] of attributes.xattrs ?? []) {
    if (isReservedXattr(name))
      throw layerFault("LAYER_RESERVED", `The extended attribute ${readable(name)} is not a layer's to set`);
    if (!/^[a-z]+\../.test(name) || name.length > MAX_XATTR_NAME_BYTES || value.length > MAX_XATTR_VALUE_BYTES) {
      throw layerFault(
        "LAYER_INVALID",
        `The extended attribute ${readable(name.slice(0, 300))} exceeds what Linux allows`,
      );
    }
  }
}
