import type { ByteString } from "../bytes/byte-string.ts";
import type { TarEntry, TarEntryType } from "./entry.ts";
import { TAR_BLOCK_BYTES } from "./header.ts";
import { XATTR_PREFIX } from "./pax.ts";

const TYPEFLAGS: Readonly<Record<TarEntryType, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  "character-device": "3",
  "block-device": "4",
  directory: "5",
  fifo: "6",
};

const NAME_BYTES = 100;
/** Largest numbers of a ustar header: 7 and 11 octal digits. */
const MAX_ID = 0o777_7777;
const MAX_NUMBER = 0o777_7777_7777;

/** The header of an entry, with PAX records before it for what ustar cannot say (POSIX.1-2001 pax). */
export function tarHeader(entry: TarEntry): Buffer {
  const { uid, gid, mtime, xattrs } = entry.attributes;
  const path = entry.type === "directory" ? `${entry.path}/` : entry.path;
  const records: Buffer[] = [];
  // Values of extended attributes hold line feeds, at which some readers split records. It is the first record of a keyword that
  // counts for them: with these before it, no value passes for another one.
  const isSplit = xattrs !== undefined && xattrs.size > 0;
  if (isSplit || path.length > NAME_BYTES) records.push(paxRecord("path", path));
  if (entry.linkTarget.length > NAME_BYTES) records.push(paxRecord("linkpath", entry.linkTarget));
  if (isSplit || uid > MAX_ID) records.push(paxRecord("uid", String(uid)));
  if (isSplit || gid > MAX_ID) records.push(paxRecord("gid", String(gid)));
  if (isSplit || entry.size > MAX_NUMBER) records.push(paxRecord("size", String(entry.size)));
  const isPlainTime = mtime.nsec === 0 && mtime.sec >= 0 && mtime.sec <= MAX_NUMBER;
  if (!isPlainTime) records.push(paxRecord("mtime", timeText(mtime)));
  for (const [name, value] of xattrs ?? []) {
    records.push(paxRecord(`${XATTR_PREFIX}${name}`, Buffer.from(value).toString("latin1")));
  }
  const header = block(entry, path);
  return records.length === 0 ? header : Buffer.concat([paxHeader(Buffer.concat(records)), header]);
}

/** Zeros from the end of a content to the next block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((TAR_BLOCK_BYTES - (size % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES);
}

/** Two blocks of zeros, which end an archive. */
export const TAR_END: Buffer = Buffer.alloc(2 * TAR_BLOCK_BYTES);

function block(entry: TarEntry, path: ByteString): Buffer {
  const { mode, uid, gid, mtime } = entry.attributes;
  const header = Buffer.alloc(TAR_BLOCK_BYTES);
  header.write(path.slice(0, NAME_BYTES), 0, "latin1");
  octal(header, 100, 7, mode);
  octal(header, 108, 7, uid > MAX_ID ? 0 : uid);
  octal(header, 116, 7, gid > MAX_ID ? 0 : gid);
  octal(header, 124, 11, entry.size > MAX_NUMBER ? 0 : entry.size);
  octal(header, 136, 11, Math.min(MAX_NUMBER, Math.max(0, mtime.sec)));
  header.write(TYPEFLAGS[entry.type], 156, "latin1");
  header.write(entry.linkTarget.slice(0, NAME_BYTES), 157, "latin1");
  octal(header, 329, 7, entry.deviceMajor);
  octal(header, 337, 7, entry.deviceMinor);
  return sealed(header);
}

function paxHeader(records: Buffer): Buffer {
  const header = Buffer.alloc(TAR_BLOCK_BYTES);
  header.write("pax", 0, "latin1");
  octal(header, 100, 7, 0o644);
  octal(header, 124, 11, records.length);
  header.write("x", 156, "latin1");
  return Buffer.concat([sealed(header), records, tarPadding(records.length)]);
}

function sealed(header: Buffer): Buffer {
  header.write("ustar\x0000", 257, "latin1");
  header.fill(" ", 148, 156);
  octal(
    header,
    148,
    6,
    header.reduce((sum, byte) => sum + byte, 0),
  );
  header[155] = 0x20;
  return header;
}

function octal(header: Buffer, offset: number, digits: number, value: number): void {
  header.write(`${value.toString(8).padStart(digits, "0")}\0`, offset, "latin1");
}

/** "LENGTH KEYWORD=VALUE\n", where the length counts itself. */
function paxRecord(keyword: string, value: ByteString): Buffer {
  const rest = keyword.length + value.length + 3;
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length++;
  return Buffer.from(`${length} ${keyword}=${value}\n`, "latin1");
}

/** Decimal seconds; before 1970 the fraction counts backwards, as in any decimal number. */
function timeText({ sec, nsec }: { readonly sec: number; readonly nsec: number }): string {
  const isBackwards = sec < 0 && nsec > 0;
  const whole = isBackwards ? -(sec + 1) : Math.abs(sec);
  const fraction = String(isBackwards ? 1_000_000_000 - nsec : nsec).padStart(9, "0");
  return `${sec < 0 ? "-" : ""}${whole}.${fraction}`;
}
