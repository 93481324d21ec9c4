import type { ByteString } from "../bytes/byte-string.ts";
import { layerFault } from "../errors/layer-fault.ts";
import type { Attributes, FileTime, TarEntry, TarEntryType } from "./entry.ts";
import type { TarHeader } from "./header.ts";
import { type PaxRecords, paxNumber, paxText, paxTime, paxXattrs, XATTR_PREFIX } from "./pax.ts";
import { readPaxSparse, SPARSE_PREFIX, type SparseMap } from "./sparse-map.ts";

const TYPES: Readonly<Record<string, TarEntryType>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  S: "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character-device",
  "4": "block-device",
  "5": "directory",
  "6": "fifo",
};

/** What extension headers said about the entry that follows them. */
export interface Extensions {
  readonly pax: PaxRecords | undefined;
  /** GNU long name; wins over PAX, as in Go's reader, which container runtimes use. */
  readonly longPath: ByteString | undefined;
  readonly longLinkTarget: ByteString | undefined;
}

/** An entry, and how its content lies in the archive. */
export interface CombinedEntry {
  readonly entry: TarEntry;
  /** Bytes that follow the header; fewer than the entry's size for sparse files. */
  readonly storedBytes: number;
  readonly sparse: SparseMap | undefined;
}

const NO_RECORDS: PaxRecords = new Map();
/** chown takes the ID with all bits set for "leave it". */
const MAX_ID = 0xff_ff_ff_fe;
const MAX_MAJOR = 0xfff;
const MAX_MINOR = 0xf_ffff;

/** An entry as its header and the extension headers before it say together. @throws RootfsError `LAYER_INVALID`, `LAYER_UNSUPPORTED` */
export function combineHeaders(header: TarHeader, extensions: Extensions): CombinedEntry {
  const pax = extensions.pax ?? NO_RECORDS;
  let type = TYPES[header.typeflag];
  if (type === undefined) throw unsupported(`entry type ${JSON.stringify(header.typeflag)}`);
  const sparse = sparseOf(header, pax, type);
  const path = sparse?.path ?? extensions.longPath ?? paxText(pax, "path") ?? header.path;
  const size = paxNumber(pax, "size") ?? header.size;
  if (header.typeflag === "\0" && path.endsWith("/")) {
    // Tar before POSIX marked directories so. With content, readers disagree on what follows.
    if (size > 0 || sparse !== undefined) throw layerFault("LAYER_INVALID", "A directory has content");
    type = "directory";
  }
  const isLink = type === "hardlink" || type === "symlink";
  const storedBytes = type === "file" ? size : 0;
  const entry: TarEntry = {
    type,
    path,
    linkTarget: isLink ? (extensions.longLinkTarget ?? paxText(pax, "linkpath") ?? header.linkTarget) : "",
    size: sparse?.size ?? storedBytes,
    attributes: attributesOf(header, pax),
    deviceMajor: checkDevice(header.deviceMajor, MAX_MAJOR),
    deviceMinor: checkDevice(header.deviceMinor, MAX_MINOR),
  };
  return { entry, storedBytes, sparse: sparse?.map };
}

function attributesOf(header: TarHeader, pax: PaxRecords): Attributes {
  return {
    mode: header.mode & 0o7777,
    uid: checkId(paxNumber(pax, "uid") ?? header.uid),
    gid: checkId(paxNumber(pax, "gid") ?? header.gid),
    mtime: paxTime(pax, "mtime") ?? wholeSeconds(header.mtime),
    xattrs: paxXattrs(pax),
  };
}

/** What the header or the PAX records say of a sparse file. */
function sparseOf(header: TarHeader, pax: PaxRecords, type: TarEntryType) {
  const sparse = readPaxSparse(pax);
  if (sparse === undefined) return header.sparse === undefined ? undefined : { ...header.sparse, path: undefined };
  if (type !== "file" || header.sparse !== undefined) {
    throw layerFault("LAYER_INVALID", "The PAX records of a sparse file precede something else");
  }
  return sparse;
}

/**
 * Global PAX headers are checked and then set aside. Go's reader, and so every container runtime, ignores them; POSIX applies them.
 * One that would change an entry is refused, because the image would mean different things to different readers.
 */
export function checkGlobalHeader(records: PaxRecords): void {
  const MEANINGFUL = ["path", "linkpath", "size", "uid", "gid", "mtime"];
  for (const keyword of records.keys()) {
    if (MEANINGFUL.includes(keyword) || keyword.startsWith(XATTR_PREFIX) || keyword.startsWith(SPARSE_PREFIX)) {
      throw layerFault("LAYER_UNSUPPORTED", `A global PAX header sets ${keyword} for all entries`);
    }
  }
}

function wholeSeconds(sec: number): FileTime {
  return { sec, nsec: 0 };
}

function checkId(id: number): number {
  if (id < 0 || id > MAX_ID) throw layerFault("LAYER_INVALID", `The owner ${id} is out of range`);
  return id;
}

function checkDevice(number: number, max: number): number {
  if (number < 0 || number > max) throw layerFault("LAYER_INVALID", `The device number ${number} is out of range`);
  return number;
}

function unsupported(what: string) {
  return layerFault("LAYER_UNSUPPORTED", `The tar stream holds ${what}`);
}
