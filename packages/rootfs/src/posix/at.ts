import { constants } from "node:fs";
import { constants as osConstants } from "node:os";
import { type ByteString, nulTerminated, readable } from "../bytes/byte-string.ts";
import type { FileTime } from "../tar/entry.ts";
import { systemError } from "./errno.ts";
import { libc } from "./libc.ts";

/*
 * Files by directory descriptor and one name. No function here follows a symbolic link, and a name never holds a slash, so what a call
 * reaches is in the directory it is given.
 */

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
/** Not in node:fs; the same number on every Linux. */
const O_CLOEXEC = 0o2000000;
/** Linux _IOW(0x94, 9, int), the same on x64 and arm64. */
const FICLONE = 0x4004_9409;
/** Linux XATTR_LIST_MAX and XATTR_SIZE_MAX. */
const xattrBuffer = Buffer.alloc(65_536);
const DIRECTORY_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | O_CLOEXEC;
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | O_CLOEXEC;
const CREATE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | O_CLOEXEC;

/** The same place as a path, for calls of `node:fs`; whether these follow a link in the name is theirs. */
export function pathAt(directory: number, name: ByteString): Buffer {
  return Buffer.from(`/proc/self/fd/${directory}/${checked(name)}`, "latin1");
}

/** A descriptor of a directory in another. */
export function openDirectoryAt(directory: number, name: ByteString): number {
  return done("openat", libc().openat(directory, single(name), DIRECTORY_FLAGS, 0), name);
}

/** A descriptor of a file for reading. A FIFO that took its place opens at once, without a writer. */
export function openFileAt(directory: number, name: ByteString): number {
  return done("openat", libc().openat(directory, single(name), READ_FLAGS, 0), name);
}

/** A new, empty file for writing, for its owner only; fails when the name is taken. */
export function createFileAt(directory: number, name: ByteString): number {
  return done("openat", libc().openat(directory, single(name), CREATE_FLAGS, 0o600), name);
}

/** A new directory, for its owner only. */
export function makeDirectoryAt(directory: number, name: ByteString): void {
  done("mkdirat", libc().mkdirat(directory, single(name), 0o700), name);
}

export function symlinkAt(directory: number, name: ByteString, target: ByteString): void {
  done("symlinkat", libc().symlinkat(nulTerminated(target), directory, single(name)), name);
}

/** Another name for a file; for the link itself where `from` is a symbolic link. */
export function linkAt(fromDirectory: number, from: ByteString, directory: number, name: ByteString): void {
  done("linkat", libc().linkat(fromDirectory, single(from), directory, single(name), 0), name);
}

/** A device node or FIFO; `mode` includes the type bits. */
export function makeNodeAt(directory: number, name: ByteString, mode: number, device: number): void {
  done("mknodat", libc().mknodat(directory, single(name), mode, device), name);
}

/** Replaces a file of the new name; a symbolic link is moved and replaced itself. */
export function renameAt(fromDirectory: number, from: ByteString, directory: number, name: ByteString): void {
  done("renameat", libc().renameat(fromDirectory, single(from), directory, single(name)), name);
}

export function unlinkAt(directory: number, name: ByteString): void {
  done("unlinkat", libc().unlinkat(directory, single(name), 0), name);
}

export function removeDirectoryAt(directory: number, name: ByteString): void {
  done("unlinkat", libc().unlinkat(directory, single(name), AT_REMOVEDIR), name);
}

export function chownAt(directory: number, name: ByteString, uid: number, gid: number): void {
  done("fchownat", libc().fchownat(directory, single(name), uid, gid, AT_SYMLINK_NOFOLLOW), name);
}

/** Follows symbolic links, as Linux has no call that does not: for names that are known to be none. */
export function chmodAt(directory: number, name: ByteString, mode: number): void {
  done("fchmodat", libc().fchmodat(directory, single(name), mode, 0), name);
}

export function setTimeAt(directory: number, name: ByteString, mtime: FileTime): void {
  done("utimensat", libc().utimensat(directory, single(name), timespecs(mtime), AT_SYMLINK_NOFOLLOW), name);
}

export function setTime(file: number, mtime: FileTime, name: ByteString): void {
  done("futimens", libc().futimens(file, timespecs(mtime)), name);
}

export function setXattr(file: number, xattr: ByteString, value: Uint8Array): void {
  done("fsetxattr", libc().fsetxattr(file, nulTerminated(xattr), value, value.length, 0), xattr);
}

export function setXattrAt(directory: number, name: ByteString, xattr: ByteString, value: Uint8Array): void {
  const path = xattrPath(directory, name);
  done("lsetxattr", libc().lsetxattr(path, nulTerminated(xattr), value, value.length, 0), xattr);
}

/** Linux has no calls for extended attributes by directory descriptor; the descriptor's own path in /proc is one. */
function xattrPath(directory: number, name: ByteString): Buffer {
  return nulTerminated(`/proc/self/fd/${directory}/${checked(name)}`);
}

/** Names of a file's extended attributes; none on file systems without. */
export function listXattrsAt(directory: number, name: ByteString): readonly ByteString[] {
  const size = libc().llistxattr(xattrPath(directory, name), xattrBuffer, xattrBuffer.length);
  if (size < 0 && libc().errno() === osConstants.errno.EOPNOTSUPP) return [];
  const length = done("llistxattr", size, name);
  return length === 0 ? [] : xattrBuffer.toString("latin1", 0, length - 1).split("\0");
}

export function getXattrAt(directory: number, name: ByteString, xattr: ByteString): Buffer {
  const path = xattrPath(directory, name);
  const size = libc().lgetxattr(path, nulTerminated(xattr), xattrBuffer, xattrBuffer.length);
  return Buffer.from(xattrBuffer.subarray(0, done("lgetxattr", size, xattr)));
}

/** Lets an empty file share the content of another; false where the file system cannot. ioctl_ficlone(2) */
export function shareBlocks(from: number, to: number): boolean {
  if (libc().ioctl(to, FICLONE, from) === 0) return true;
  const error = systemError("ioctl", libc().errno(), "FICLONE");
  if (error.code === "ENOSPC" || error.code === "EDQUOT" || error.code === "EIO") throw error;
  return false;
}

/** Writes everything of the file system that holds `file` to disk. */
export async function syncFileSystem(file: number): Promise<void> {
  // errno belongs to the thread that made the call; the call fails for I/O errors and full disks only.
  if ((await libc().syncfs(file)) < 0) throw systemError("syncfs", 5, "");
}

function single(name: ByteString): Buffer {
  return nulTerminated(checked(name));
}

/**
 * The second line of defence: callers only have names out of the tree or of the directory. openat2's RESOLVE_BENEATH would promise
 * the same for the calls that open, at no cost, but not for those that make, link and remove, and not below Linux 5.6.
 */
function checked(name: ByteString): ByteString {
  const leaves = name === "" || name === ".." || name.includes("/") || name.includes("\0");
  if (leaves) throw new Error(`${JSON.stringify(name)} leads out of a directory`);
  return name;
}

/** Access and modification time, both `mtime`: layers carry no access times. */
function timespecs(mtime: FileTime): BigInt64Array {
  const sec = BigInt(mtime.sec);
  const nsec = BigInt(mtime.nsec);
  return BigInt64Array.of(sec, nsec, sec, nsec);
}

function done(call: string, result: number, name: ByteString): number {
  if (result < 0) throw systemError(call, libc().errno(), readable(name));
  return result;
}
