import { createHash, type Hash } from "node:crypto";
import { closeSync, writeSync } from "node:fs";
import { type ByteString, readable } from "../bytes/byte-string.ts";
import { layerFault } from "../errors/layer-fault.ts";
import type { Place, RootBuilder } from "../root/root-builder.ts";
import { setAttributes } from "../root/set-attributes.ts";
import type { Attributes, TarEntry } from "../tar/entry.ts";
import type { TarSink } from "../tar/reader.ts";
import { readEntryName, readHardLinkTarget } from "./entry-name.ts";
import { isReservedXattr, MAX_XATTR_NAME_BYTES, MAX_XATTR_VALUE_BYTES } from "./reserved-xattr.ts";
import type { Tally } from "./tally.ts";

interface OpenFile {
  readonly place: Place;
  readonly descriptor: number;
  readonly attributes: Attributes;
  /** Of the content; for the manifest of the root. */
  readonly hash: Hash;
}

/** Applies the entries of one layer to a root as they come out of the tar stream. */
export class LayerWriter implements TarSink, Disposable {
  readonly #root: RootBuilder;
  readonly #tally: Tally;
  #file: OpenFile | undefined;
  #path: ByteString | undefined;

  constructor(root: RootBuilder, tally: Tally) {
    this.#root = root;
    this.#tally = tally;
    root.beginLayer();
  }

  /** Name of the entry that is being applied, as in the archive, for errors. */
  get path(): string | undefined {
    return this.#path === undefined ? undefined : readable(this.#path.slice(0, 4096));
  }

  entry(entry: TarEntry): void {
    this.#path = entry.path;
    this.#tally.addEntry(entry.size);
    checkXattrs(entry.attributes);
    const name = readEntryName(entry.path, this.#tally.limits);
    if (name.kind === "whiteout") this.#root.whiteout(name.parents, name.name);
    else if (name.kind === "opaque") this.#root.opaqueWhiteout(name.directory);
    else if (name.kind === "entry") this.#add(name.parents, name.name, entry);
    else if (name.kind === "root") this.#describeRoot(entry);
  }

  data(chunk: Buffer): void {
    // Content of whiteouts and of what is ignored.
    if (this.#file === undefined) return;
    this.#file.hash.update(chunk);
    for (let offset = 0; offset < chunk.length; ) {
      offset += writeSync(this.#file.descriptor, chunk, offset, chunk.length - offset);
    }
  }

  end(): void {
    const file = this.#file;
    if (file === undefined) return;
    const unset = setAttributes(file.descriptor, file.place.name, file.attributes, this.#root.privileges);
    this.#file = undefined;
    closeSync(file.descriptor);
    this.#root.addFile(file.place, file.hash.digest("binary"), unset);
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file.descriptor);
    this.#file = undefined;
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
    if (type === "file") this.#file = this.#createFile(place, attributes);
    else if (type === "symlink") this.#root.addSymlink(place, entry.linkTarget, attributes);
    else if (type === "fifo") this.#root.addFifo(place, attributes);
    else this.#root.addDevice(place, entry);
  }

  #createFile(place: Place, attributes: Attributes): OpenFile {
    return { place, descriptor: this.#root.createFile(place), attributes, hash: createHash("sha256") };
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
