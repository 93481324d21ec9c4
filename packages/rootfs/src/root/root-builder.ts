import type { ByteString } from "../bytes/byte-string.ts";
import { layerFault } from "../errors/layer-fault.ts";
import type { LayerLimits } from "../layer/limits.ts";
import {
  createFileAt,
  linkAt,
  makeDirectoryAt,
  makeNodeAt,
  removeDirectoryAt,
  symlinkAt,
  unlinkAt,
} from "../posix/at.ts";
import { deviceNumber, S_IFBLK, S_IFCHR, S_IFIFO } from "../posix/device-number.ts";
import { errnoCode } from "../posix/errno.ts";
import type { Attributes, TarEntry } from "../tar/entry.ts";
import { type DirectoryNode, directoryNode, IMPLIED_ATTRIBUTES, type LeafNode, rootNode, touch } from "../tree/node.ts";
import { resolve } from "../tree/resolve.ts";
import type { Unset } from "../tree/unset.ts";
import { DirectoryDescriptors } from "./directory-descriptors.ts";
import { isRefusal, type Privileges } from "./privileges.ts";
import { setAttributesAt } from "./set-attributes.ts";

/** Linux NAME_MAX. */
const MAX_NAME_BYTES = 255;

/** A directory and a name in it that is free. */
export interface Place {
  readonly directory: DirectoryNode;
  readonly name: ByteString;
}

/**
 * A root that layers are being applied to: the tree that decides, and the directory on disk that follows it.
 *
 * Every change is made by a descriptor of the directory it happens in and one name, with flags that fail on links and on existing
 * files. Should disk and tree ever differ, a call fails; none reaches outside the root.
 */
export class RootBuilder implements Disposable {
  readonly tree: DirectoryNode = rootNode();
  readonly descriptors: DirectoryDescriptors;
  readonly privileges: Privileges;
  readonly #limits: Pick<LayerLimits, "maxDepth" | "maxPathBytes">;
  #layer = -1;
  #implied = 0;

  /** `rootDescriptor` is an open, empty directory that nobody else writes to; it stays the caller's to close. */
  constructor(rootDescriptor: number, privileges: Privileges, limits: Pick<LayerLimits, "maxDepth" | "maxPathBytes">) {
    this.descriptors = new DirectoryDescriptors(rootDescriptor);
    this.privileges = privileges;
    this.#limits = limits;
  }

  /** How many directories were made because something was to be in them. */
  get impliedDirectories(): number {
    return this.#implied;
  }

  /** What follows belongs to the next layer: its whiteouts hide everything there is now. */
  beginLayer(): void {
    this.#layer++;
  }

  /** The root's own entry. */
  describeRoot(attributes: Attributes): void {
    this.#describe(this.tree, attributes);
  }

  /** A directory, new or merged with the one that is there. */
  addDirectory(parents: readonly ByteString[], name: ByteString, attributes: Attributes): void {
    const directory = this.#enter(parents);
    const present = directory.children.get(name);
    const node = present?.kind === "directory" ? present : this.#makeDirectory(this.#free({ directory, name }));
    this.#describe(node, attributes);
  }

  /** Where a new file, link or node goes; what was there is removed, and missing parents are made. */
  prepare(parents: readonly ByteString[], name: ByteString): Place {
    return this.#free({ directory: this.#enter(parents), name });
  }

  /** A new file for writing; `addFile` makes it known once its content and attributes are on disk. */
  createFile(place: Place): number {
    return createFileAt(this.descriptors.of(place.directory), place.name);
  }

  addFile(place: Place, sha256: ByteString, unset: Unset | undefined): void {
    this.#add(place, { kind: "file", layer: this.#layer, target: "", sha256, unset });
  }

  addSymlink(place: Place, target: ByteString, attributes: Attributes): void {
    const descriptor = this.descriptors.of(place.directory);
    symlinkAt(descriptor, place.name, target);
    const unset = setAttributesAt(descriptor, place.name, "symlink", attributes, this.privileges);
    this.#add(place, { kind: "symlink", layer: this.#layer, target, sha256: "", unset });
  }

  addFifo(place: Place, attributes: Attributes): void {
    const descriptor = this.descriptors.of(place.directory);
    makeNodeAt(descriptor, place.name, S_IFIFO | 0o600, 0);
    const unset = setAttributesAt(descriptor, place.name, "special", attributes, this.privileges);
    this.#add(place, { kind: "special", layer: this.#layer, target: "", sha256: "", unset });
  }

  /** A device node, or a record of it where this process may not make one. */
  addDevice(place: Place, entry: Pick<TarEntry, "type" | "deviceMajor" | "deviceMinor" | "attributes">): void {
    const { deviceMajor: major, deviceMinor: minor, attributes } = entry;
    const type = entry.type === "block-device" ? "block" : "character";
    const descriptor = this.descriptors.of(place.directory);
    try {
      makeNodeAt(descriptor, place.name, (type === "block" ? S_IFBLK : S_IFCHR) | 0o600, deviceNumber(major, minor));
    } catch (error) {
      if (!isRefusal(errnoCode(error))) throw error;
      const { uid, gid, mode } = attributes;
      const unset: Unset = { owner: { uid, gid }, device: { type, major, minor, mode } };
      this.#add(place, { kind: "absent", layer: this.#layer, target: "", sha256: "", unset });
      return;
    }
    const unset = setAttributesAt(descriptor, place.name, "special", attributes, this.privileges);
    this.#add(place, { kind: "special", layer: this.#layer, target: "", sha256: "", unset });
  }

  /**
   * Another name for a file of this or a lower layer. The last name of the target is not followed: a hard link to a symbolic link is
   * one to the link itself. The inode keeps the attributes it has, the link's entry only repeats them.
   */
  addHardLink(
    parents: readonly ByteString[],
    name: ByteString,
    target: { parents: readonly ByteString[]; name: ByteString },
  ): void {
    const from = resolve(this.tree, target.parents);
    const original = from.missing.length > 0 ? undefined : from.directory.children.get(target.name);
    if (original === undefined) throw layerFault("LAYER_INVALID", "A hard link points to a file that does not exist");
    if (original.kind === "directory") throw layerFault("LAYER_INVALID", "A hard link points to a directory");
    const directory = this.#enter(parents);
    // The file itself, written once more: removing the name first would lose it.
    if (directory === from.directory && name === target.name) return;
    const place = this.#free({ directory, name });
    if (from.directory.children.get(target.name) !== original) {
      throw layerFault("LAYER_INVALID", "A hard link replaces a directory that holds its target");
    }
    if (original.kind !== "absent") {
      const descriptor = this.descriptors.of(from.directory);
      linkAt(descriptor, target.name, this.descriptors.of(place.directory), place.name);
    }
    this.#add(place, { ...original, layer: this.#layer });
  }

  /** Removes what lower layers have under a name; what this layer put there stays, in whatever order the entries come. */
  whiteout(parents: readonly ByteString[], name: ByteString): void {
    const { directory, missing } = resolve(this.tree, parents);
    const node = missing.length > 0 ? undefined : directory.children.get(name);
    if (node === undefined) return;
    if (node.layer !== this.#layer) this.#remove({ directory, name });
    else if (node.kind === "directory") {
      this.#removeLower(node);
      if (node.describedIn !== this.#layer) node.attributes = IMPLIED_ATTRIBUTES;
    }
  }

  /** Removes everything that lower layers have in a directory. */
  opaqueWhiteout(names: readonly ByteString[]): void {
    const { directory, missing } = resolve(this.tree, names);
    if (missing.length === 0) this.#removeLower(directory);
  }

  [Symbol.dispose](): void {
    this.descriptors[Symbol.dispose]();
  }

  /** The directory that parents lead to. What is missing is made; a lower layer's file in the way makes room, as it would under overlayfs. */
  #enter(parents: readonly ByteString[]): DirectoryNode {
    const { directory, missing, obstacle, linked } = resolve(this.tree, parents);
    if (obstacle !== undefined && (linked || obstacle.layer === this.#layer)) {
      throw layerFault("LAYER_INVALID", "An entry is inside something that is no directory");
    }
    let node = directory;
    for (const name of missing) node = this.#makeDirectory(this.#free({ directory: node, name }));
    this.#implied += missing.length;
    return node;
  }

  #makeDirectory(place: Place): DirectoryNode {
    const node = directoryNode(place.directory, place.name, this.#layer);
    makeDirectoryAt(this.descriptors.of(place.directory), place.name);
    place.directory.children.set(place.name, node);
    touch(place.directory, this.#layer);
    return node;
  }

  #describe(node: DirectoryNode, attributes: Attributes): void {
    node.attributes = attributes;
    node.describedIn = this.#layer;
    touch(node, this.#layer);
  }

  #add(place: Place, node: LeafNode): void {
    place.directory.children.set(place.name, node);
    touch(place.directory, this.#layer);
  }

  #free(place: Place): Place {
    const { directory, name } = place;
    if (name.length > MAX_NAME_BYTES)
      throw layerFault("LAYER_INVALID", `A name has ${name.length} bytes; Linux allows 255`);
    // Paths are short and shallow by themselves, but links can lead them deep into the tree.
    if (directory.depth >= this.#limits.maxDepth) throw layerFault("LAYER_TOO_LARGE", "A directory is too deep");
    if (directory.pathBytes + 1 + name.length > this.#limits.maxPathBytes) {
      throw layerFault("LAYER_TOO_LARGE", "A path in the root is too long");
    }
    if (directory.children.has(name)) this.#remove(place);
    return place;
  }

  #removeLower(directory: DirectoryNode): void {
    // Nothing of lower layers comes back, so a layer that repeats its whiteouts does not have everything looked at again.
    if (directory.clearedIn === this.#layer) return;
    directory.clearedIn = this.#layer;
    for (const [name, node] of directory.children) {
      if (node.layer !== this.#layer) this.#remove({ directory, name });
      else if (node.kind === "directory") this.#removeLower(node);
    }
  }

  #remove({ directory, name }: Place): void {
    const node = directory.children.get(name);
    if (node === undefined) return;
    if (node.kind === "directory") {
      for (const child of node.children.keys()) this.#remove({ directory: node, name: child });
      this.descriptors.forget(node);
      removeDirectoryAt(this.descriptors.of(directory), name);
      node.parent = undefined;
    } else if (node.kind !== "absent") unlinkAt(this.descriptors.of(directory), name);
    directory.children.delete(name);
  }
}
