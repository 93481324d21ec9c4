import { type BigIntStats, constants, lstatSync, readlinkSync } from "node:fs";
import type { ByteString } from "../bytes/byte-string.ts";
import { getXattrAt, listXattrsAt, pathAt } from "../posix/at.ts";
import { deviceParts } from "../posix/device-number.ts";
import { type ManifestEntry, nameBytes } from "./manifest-entry.ts";

/** A file on disk, but for its content. */
export interface DescribedFile {
  readonly entry: ManifestEntry;
  /** Of a file with several names; undefined for one that has one name only. */
  readonly sharedInode: bigint | undefined;
  /** What it takes on disk. */
  readonly diskBytes: number;
}

const { S_IFMT, S_IFIFO, S_IFCHR, S_IFDIR, S_IFBLK, S_IFREG, S_IFLNK } = constants;
const TYPES: ReadonlyMap<number, ManifestEntry["type"]> = new Map([
  [S_IFIFO, "fifo"],
  [S_IFCHR, "character-device"],
  [S_IFDIR, "directory"],
  [S_IFBLK, "block-device"],
  [S_IFREG, "file"],
  [S_IFLNK, "symlink"],
]);

/** stat(2): st_blocks counts these, whatever the file system's blocks are. */
const BLOCK_BYTES = 512;

/**
 * Looks at a file in an open directory, without opening or following it.
 *
 * @param name one name, or `.` for the directory itself.
 * @param path below the root, for the entry.
 */
export function describeFile(directory: number, name: ByteString, path: ByteString): DescribedFile {
  const file = pathAt(directory, name);
  const stat = lstatSync(file, { bigint: true });
  const type = TYPES.get(Number(stat.mode) & S_IFMT) ?? "socket";
  const xattrs = readXattrs(directory, name);
  return {
    entry: {
      path: nameBytes(path),
      type,
      mode: Number(stat.mode) & 0o7777,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      mtime: String(stat.mtimeNs),
      ...(type === "directory" ? {} : { links: Number(stat.nlink) }),
      ...(type === "file" ? { size: Number(stat.size) } : {}),
      ...(type === "symlink" ? { target: nameBytes(readlinkSync(file, "latin1")) } : {}),
      ...(type.endsWith("-device") ? { device: deviceParts(stat.rdev) } : {}),
      ...(xattrs.length === 0 ? {} : { xattrs }),
    },
    sharedInode: sharedInode(type, stat),
    diskBytes: Number(stat.blocks) * BLOCK_BYTES,
  };
}

function sharedInode(type: ManifestEntry["type"], stat: BigIntStats): bigint | undefined {
  return type !== "directory" && stat.nlink > 1n ? stat.ino : undefined;
}

function readXattrs(directory: number, name: ByteString): NonNullable<ManifestEntry["xattrs"]> {
  return listXattrsAt(directory, name)
    .filter(isOfTheRoot)
    .toSorted()
    .map((xattr) => [nameBytes(xattr), getXattrAt(directory, name, xattr).toString("base64")] as const);
}

/** SELinux, IMA and others label every file, and label it anew when the host's policy changes. */
function isOfTheRoot(xattr: ByteString): boolean {
  return !xattr.startsWith("security.") || xattr === "security.capability";
}
