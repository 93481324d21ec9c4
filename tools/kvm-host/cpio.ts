/** One entry of a cpio archive. `path` has no leading slash. Without content and link it is a directory. */
export interface CpioEntry {
  readonly path: string;
  readonly content?: Uint8Array | string;
  /** Target of a symbolic link. */
  readonly link?: string;
  /** Permission bits; 0o755 unless given. */
  readonly mode?: number;
}

const DIRECTORY = 0o040000;
const REGULAR = 0o100000;
const SYMLINK = 0o120000;

/**
 * An archive in the "newc" format that the kernel unpacks as its initramfs (Documentation/driver-api/early-userspace/
 * buffer-format.rst). Archives may be concatenated: the kernel unpacks one after the other.
 */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  entries.forEach((entry, index) => {
    const body = entry.link ?? entry.content;
    const type = entry.link !== undefined ? SYMLINK : body !== undefined ? REGULAR : DIRECTORY;
    append(parts, entry.path, type | (entry.mode ?? 0o755), index + 1, Buffer.from(body ?? ""));
  });
  append(parts, "TRAILER!!!", 0, 0, Buffer.alloc(0));
  return Buffer.concat(parts);
}

function append(parts: Buffer[], path: string, mode: number, inode: number, content: Buffer): void {
  const name = Buffer.from(`${path}\0`);
  // inode, mode, uid, gid, links, mtime, size, device (2), special device (2), name size, checksum
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  parts.push(aligned(Buffer.concat([Buffer.from(header), name])), aligned(content));
}

/** Header and content each end on a multiple of four bytes; the header's own 110 bytes count with its name. */
function aligned(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
