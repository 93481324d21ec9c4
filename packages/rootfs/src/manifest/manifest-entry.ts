import type { ByteString } from "../bytes/byte-string.ts";

/** Bytes of a name, which need not be text: as text where they are UTF-8, else in Base64. */
export type NameBytes = string | { readonly base64: string };

/** One file of a root as it is on disk; one line of `manifest.jsonl`. */
export interface ManifestEntry {
  /** Below the root, without a leading slash; empty for the root itself. */
  readonly path: NameBytes;
  readonly type: "directory" | "file" | "symlink" | "fifo" | "character-device" | "block-device" | "socket";
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970, in decimal. */
  readonly mtime: string;
  /** Names of the inode; not of directories, whose count is the file system's business. */
  readonly links?: number;
  /** Bytes of a file. */
  readonly size?: number;
  /** Of a file's content, in hexadecimal digits. */
  readonly sha256?: string;
  readonly target?: NameBytes;
  readonly device?: { readonly major: number; readonly minor: number };
  /** Names and values in Base64, by the names' bytes. Without the labels that security modules of the host set. */
  readonly xattrs?: readonly (readonly [name: NameBytes, value: string])[];
}

/** Fields in the order in which they are compared and reported. */
export const ENTRY_FIELDS = [
  "type",
  "mode",
  "uid",
  "gid",
  "mtime",
  "links",
  "size",
  "target",
  "device",
  "xattrs",
  "sha256",
] as const satisfies readonly (keyof ManifestEntry)[];

export function nameBytes(name: ByteString): NameBytes {
  const bytes = Buffer.from(name, "latin1");
  const text = bytes.toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes) ? text : { base64: bytes.toString("base64") };
}

export function byteStringOf(name: NameBytes): ByteString {
  return Buffer.from(
    typeof name === "string" ? name : name.base64,
    typeof name === "string" ? "utf8" : "base64",
  ).toString("latin1");
}

/**
 * What a path is sorted by: a directory comes before what it holds, and that before the directory's next sibling. Names hold no NUL,
 * so that it stands for a separator that is lower than every other byte.
 */
export function sortKey(path: ByteString): ByteString {
  return path.replaceAll("/", "\0");
}
