import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, read, readlinkSync } from "node:fs";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import { type ByteString, byteString, readable } from "../bytes/byte-string.ts";
import { RootfsError } from "../errors/rootfs-error.ts";
import { isCopiedXattr } from "../layer/reserved-xattr.ts";
import { type WalkedFile, walkRoot } from "../manifest/walk-root.ts";
import { getXattrAt, listXattrsAt, openFileAt } from "../posix/at.ts";
import { deviceParts } from "../posix/device-number.ts";
import { errnoCode } from "../posix/errno.ts";
import type { Attributes, TarEntry, TarEntryType } from "../tar/entry.ts";
import { TAR_END, tarHeader, tarPadding } from "../tar/write-header.ts";
import { Batch } from "./batch.ts";

/** How a tree is archived. */
export interface ArchiveTreeOptions {
  /** Name of the file in the archive; below it, what it holds. "." archives what a directory holds without it. */
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
}

const PIECE_BYTES = 64 * 1024;
const { S_IFMT, S_IFIFO, S_IFCHR, S_IFDIR, S_IFBLK, S_IFREG, S_IFLNK } = constants;
const TYPES: ReadonlyMap<number, TarEntryType> = new Map([
  [S_IFIFO, "fifo"],
  [S_IFCHR, "character-device"],
  [S_IFDIR, "directory"],
  [S_IFBLK, "block-device"],
  [S_IFREG, "file"],
  [S_IFLNK, "symlink"],
]);

/**
 * A POSIX tar archive of a file or tree of this machine, in pieces of about 64 KiB, read as they are taken. Goes by descriptors and
 * follows no link, so that a guest that shares the tree cannot lead it elsewhere meanwhile. Sockets are left out, as is what vanishes;
 * what may not be read is an error.
 *
 * @throws RootfsError `SOURCE_UNREADABLE`; system errors; the signal's reason.
 */
export async function* archiveTree(path: string, options: ArchiveTreeOptions): AsyncGenerator<Buffer, void, undefined> {
  const batch = new Batch(PIECE_BYTES);
  const archive = new TreeArchive(byteString(Buffer.from(options.name)));
  const top = openTop(path);
  try {
    const walk = top.isDirectory ? walkRoot(top.descriptor, refuse) : alone(top.descriptor, path);
    for (let step = walk.next(); !step.done; ) {
      options.signal?.throwIfAborted();
      const { entry, content } = archive.look(step.value);
      if (entry !== undefined) yield* batch.add(tarHeader(entry));
      if (content !== undefined && entry !== undefined) {
        try {
          for await (const piece of contentOf(content, entry.size)) yield* batch.add(piece);
        } finally {
          closeSync(content);
        }
        yield* batch.add(tarPadding(entry.size));
      }
      step = walk.next(entry?.type === "directory" ? "enter" : "pass");
    }
  } finally {
    closeSync(top.descriptor);
  }
  yield* batch.add(TAR_END);
  yield* batch.rest();
}

/** The directory itself, or that which holds the file. */
function openTop(path: string): { readonly descriptor: number; readonly isDirectory: boolean } {
  const isDirectory = lstatSync(path).isDirectory();
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | (isDirectory ? constants.O_NOFOLLOW : 0);
  return { descriptor: openSync(isDirectory ? path : dirname(path), flags), isDirectory };
}

function* alone(directory: number, path: string): Generator<WalkedFile, void, unknown> {
  yield { directory, name: byteString(Buffer.from(basename(path))), path: "" };
}

class TreeArchive {
  readonly #name: ByteString;
  /** First names of files that have several, by device and inode. */
  readonly #shared = new Map<string, ByteString>();

  constructor(name: ByteString) {
    this.#name = name;
  }

  /** The entry of a file, with an open descriptor of its content if it has one; no entry for what is not archived. */
  look({ directory, name, path }: WalkedFile): { entry?: TarEntry; content?: number } {
    const file = Buffer.from(`/proc/self/fd/${directory}/${name}`, "latin1");
    const whole = path === "" ? this.#name : `${this.#name}/${path}`;
    try {
      const stat = lstatSync(file, { bigint: true });
      const type = TYPES.get(Number(stat.mode) & S_IFMT);
      if (type === undefined) return {};
      const first = type === "directory" ? undefined : this.#firstName(stat, whole);
      if (first !== undefined) return { entry: entryOf("hardlink", whole, stat, first) };
      if (type === "symlink") return { entry: entryOf(type, whole, stat, readlinkSync(file, "latin1")) };
      if (type === "file") return openContent(directory, name, whole);
      const xattrs = type === "directory" ? xattrsOf(directory, name) : undefined;
      return { entry: entryOf(type, whole, stat, "", xattrs) };
    } catch (error) {
      // It vanished, or something else took its name, since the directory was read.
      if (["ENOENT", "ELOOP", "ENXIO", "EINVAL"].includes(errnoCode(error) ?? "")) return {};
      if (errnoCode(error) === "EACCES") refuse(path);
      throw error;
    }
  }

  #firstName(stat: BigIntStats, name: ByteString): ByteString | undefined {
    if (stat.nlink < 2n) return undefined;
    const inode = `${stat.dev}:${stat.ino}`;
    const first = this.#shared.get(inode);
    if (first === undefined) this.#shared.set(inode, name);
    return first;
  }
}

function openContent(directory: number, name: ByteString, whole: ByteString): { entry?: TarEntry; content?: number } {
  const content = openFileAt(directory, name);
  const stat = fstatSync(content, { bigint: true });
  if (stat.isFile()) return { entry: entryOf("file", whole, stat, "", xattrsOf(directory, name)), content };
  closeSync(content);
  return {};
}

/** Those that a copy may have; what receives it decides about capabilities. */
function xattrsOf(directory: number, name: ByteString): Attributes["xattrs"] {
  const found = new Map<ByteString, Uint8Array>();
  for (const xattr of listXattrsAt(directory, name).filter((each) => isCopiedXattr(each, true))) {
    try {
      found.set(xattr, getXattrAt(directory, name, xattr));
    } catch (error) {
      // It went meanwhile, or is not this user's to see.
      if (!["ENODATA", "EACCES", "EPERM"].includes(errnoCode(error) ?? "")) throw error;
    }
  }
  return found.size === 0 ? undefined : found;
}

function entryOf(
  type: TarEntryType,
  path: ByteString,
  stat: BigIntStats,
  linkTarget: ByteString,
  xattrs?: Attributes["xattrs"],
): TarEntry {
  const nsec = ((stat.mtimeNs % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  const device = type.endsWith("-device") ? deviceParts(stat.rdev) : { major: 0, minor: 0 };
  return {
    type,
    path,
    linkTarget,
    size: type === "file" ? Number(stat.size) : 0,
    attributes: {
      mode: Number(stat.mode) & 0o7777,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      mtime: { sec: Number((stat.mtimeNs - nsec) / NS_PER_SECOND), nsec: Number(nsec) },
      xattrs,
    },
    deviceMajor: device.major,
    deviceMinor: device.minor,
  };
}

const NS_PER_SECOND = 1_000_000_000n;
const readPiece = promisify(read);

/** Exactly as many bytes as the header promises: what a file has grown by is left out, what it has shrunk by is zeros. */
async function* contentOf(file: number, size: number): AsyncGenerator<Buffer, void, undefined> {
  for (let left = size; left > 0; ) {
    const piece = Buffer.alloc(Math.min(PIECE_BYTES, left));
    const { bytesRead } = await readPiece(file, piece, 0, piece.length, null);
    const taken = bytesRead === 0 ? piece : piece.subarray(0, bytesRead);
    yield taken;
    left -= taken.length;
  }
}

function refuse(path: ByteString): never {
  throw new RootfsError({
    code: "SOURCE_UNREADABLE",
    message: `${JSON.stringify(readable(path))} may not be read`,
    hint: "Copy as a user who may read all of the tree.",
  });
}
