import { posix } from "node:path";
import type { TarEntry } from "./tar-entry.ts";
import { TAR_BLOCK, type TarHeader, tarHeader } from "./tar-header.ts";

const TYPEFLAGS: Readonly<Record<Exclude<TarEntry["type"], "raw">, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  "character-device": "3",
  "block-device": "4",
  directory: "5",
  fifo: "6",
  whiteout: "0",
  "opaque-whiteout": "0",
};

/** How an archive ends. */
export interface TarArchiveOptions {
  /** Leaves out the two zero blocks at the end. */
  readonly unterminated?: boolean;
}

/** A tar archive of the entries, in their order. The same entries give the same bytes. */
export function tarArchive(entries: readonly TarEntry[], options: TarArchiveOptions = {}): Uint8Array {
  const parts = entries.flatMap(entryParts);
  if (options.unterminated !== true) parts.push(new Uint8Array(2 * TAR_BLOCK));
  return Buffer.concat(parts);
}

function entryParts(entry: TarEntry): readonly Uint8Array[] {
  if (entry.type === "raw") return [entry.bytes];
  const name = archiveName(entry);
  const linkname = entry.type === "symlink" || entry.type === "hardlink" ? entry.target : "";
  const content = contentOf(entry);
  const header: TarHeader = {
    name,
    typeflag: TYPEFLAGS[entry.type],
    size: content.length,
    mode: entry.mode ?? defaultMode(entry.type),
    uid: entry.uid ?? 0,
    gid: entry.gid ?? 0,
    mtime: entry.mtime ?? 0,
    linkname,
    major: "major" in entry ? entry.major : 0,
    minor: "minor" in entry ? entry.minor : 0,
  };
  const parts = [tarHeader(header, entry.header), ...padded(content)];
  const records = paxRecords(entry, name, linkname);
  return records.length === 0 ? parts : [...paxHeader(records), ...parts];
}

function archiveName(entry: Exclude<TarEntry, { type: "raw" }>): string {
  if (entry.type === "whiteout") return posix.join(posix.dirname(entry.path), `.wh.${posix.basename(entry.path)}`);
  if (entry.type === "opaque-whiteout") return posix.join(entry.path, ".wh..wh..opq");
  if (entry.type === "directory" && entry.path !== "" && !entry.path.endsWith("/")) return `${entry.path}/`;
  return entry.path;
}

function contentOf(entry: TarEntry): Uint8Array {
  if (entry.type !== "file" || entry.content === undefined) return new Uint8Array();
  return typeof entry.content === "string" ? Buffer.from(entry.content, "utf8") : entry.content;
}

function defaultMode(type: TarEntry["type"]): number {
  if (type === "directory") return 0o755;
  return type === "symlink" ? 0o777 : 0o644;
}

function paxRecords(entry: Exclude<TarEntry, { type: "raw" }>, name: string, linkname: string) {
  const records: [string, string][] = [];
  if (Buffer.byteLength(name) > 100) records.push(["path", name]);
  if (Buffer.byteLength(linkname) > 100) records.push(["linkpath", linkname]);
  for (const [key, value] of Object.entries(entry.xattrs ?? {})) records.push([`SCHILY.xattr.${key}`, value]);
  records.push(...Object.entries(entry.pax ?? {}));
  return records;
}

function paxHeader(records: readonly (readonly [string, string])[]): readonly Uint8Array[] {
  const body = Buffer.concat(records.map(([key, value]) => paxRecord(key, value)));
  const header = { name: "PaxHeader", typeflag: "x", size: body.length, mode: 0o644, uid: 0, gid: 0, mtime: 0 };
  return [tarHeader({ ...header, linkname: "", major: 0, minor: 0 }), ...padded(body)];
}

/** POSIX.1-2001: `<length> <key>=<value>\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): Uint8Array {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`, "utf8");
}

function padded(content: Uint8Array): readonly Uint8Array[] {
  if (content.length === 0) return [];
  return [content, new Uint8Array((TAR_BLOCK - (content.length % TAR_BLOCK)) % TAR_BLOCK)];
}
