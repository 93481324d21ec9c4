import type { ByteString } from "../bytes/byte-string.ts";

/** Seconds since 1970, negative before, and nanoseconds from 0 to 999 999 999 after them. */
export interface FileTime {
  readonly sec: number;
  readonly nsec: number;
}

/** What is known of an entry beside its name and content. */
export interface Attributes {
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: FileTime;
  /** Extended attributes by name; undefined when there is none. */
  readonly xattrs: ReadonlyMap<ByteString, Uint8Array> | undefined;
}

/** What extended attributes take, names and values. */
export function xattrBytes({ xattrs }: Attributes): number {
  return [...(xattrs ?? [])].reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}

export type TarEntryType = "file" | "hardlink" | "symlink" | "character-device" | "block-device" | "directory" | "fifo";

/** One member of a tar archive with everything that extension headers said about it. */
export interface TarEntry {
  readonly type: TarEntryType;
  /** As in the archive: may be absolute, hold `..`, end in a slash. */
  readonly path: ByteString;
  /** Target of a hard or symbolic link; empty for other types. */
  readonly linkTarget: ByteString;
  /** Bytes of content, those of holes among them; 0 for everything but files. */
  readonly size: number;
  readonly attributes: Attributes;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}
