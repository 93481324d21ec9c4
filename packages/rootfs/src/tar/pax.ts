import { type ByteString, byteString } from "../bytes/byte-string.ts";
import { layerFault } from "../errors/layer-fault.ts";
import type { FileTime } from "./entry.ts";

/** Records of a PAX extended header by keyword. Values are bytes: extended attributes hold any, line feeds and NULs among them. */
export type PaxRecords = ReadonlyMap<string, Buffer>;

/** Keyword prefix of extended attributes, as star, Go and container builders write them. */
export const XATTR_PREFIX = "SCHILY.xattr.";

const NAMES = new Set(["path", "linkpath", "uname", "gname", "GNU.sparse.name"]);
/** Version 0.0 of GNU tar's sparse files repeats these two in turn, once for each range. */
const SPARSE_PAIR = ["GNU.sparse.offset", "GNU.sparse.numbytes"];
const SPARSE_MAP = "GNU.sparse.map";
const SPACE = 0x20;
const LINE_FEED = 0x0a;
const EQUALS = 0x3d;

/**
 * Reads the body of a PAX header: records of `<length> <keyword>=<value>\n`, where the length counts the whole record.
 * The length alone says where a record ends; a reader that looks for line feeds finds records that are not there.
 *
 * @throws RootfsError `LAYER_INVALID`
 */
export function readPaxRecords(body: Buffer): PaxRecords {
  const records = new Map<string, Buffer>();
  const sparsePairs: string[] = [];
  for (let offset = 0; offset < body.length; ) {
    const space = body.indexOf(SPACE, offset);
    const digits = space < 0 ? "" : body.toString("latin1", offset, space);
    const end = offset + (/^[1-9][0-9]{0,9}$/.test(digits) ? Number(digits) : 0);
    if (end <= space + 1 || end > body.length || body[end - 1] !== LINE_FEED) throw broken("has a wrong length");
    const equals = body.indexOf(EQUALS, space);
    if (equals <= space + 1 || equals >= end) throw broken("has no keyword");
    const keyword = body.toString("latin1", space + 1, equals);
    const value = body.subarray(equals + 1, end - 1);
    if (keyword.includes("\0") || (NAMES.has(keyword) && value.includes(0))) throw broken("holds a NUL byte");
    if (keyword === SPARSE_PAIR[sparsePairs.length % 2]) sparsePairs.push(byteString(value));
    else if (SPARSE_PAIR.includes(keyword)) throw broken("is out of turn");
    else records.set(keyword, value);
    offset = end;
  }
  if (sparsePairs.length > 0) addSparseMap(records, sparsePairs);
  return records;
}

/** The pairs of version 0.0 as version 0.1 has them: one list. */
function addSparseMap(records: Map<string, Buffer>, pairs: readonly string[]): void {
  const isWhole = pairs.length % 2 === 0 && !pairs.some((number) => number.includes(","));
  if (!isWhole || records.has(SPARSE_MAP)) throw broken("belongs to no map of a sparse file");
  records.set(SPARSE_MAP, Buffer.from(pairs.join(","), "latin1"));
}

/** A whole, not negative number of a record, or undefined when the record is absent or empty (then the header's field counts). */
export function paxNumber(records: PaxRecords, keyword: string): number | undefined {
  const text = paxText(records, keyword);
  if (text === undefined) return undefined;
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw broken(`${keyword} is no number`);
  return value;
}

/** A time of a record: decimal seconds; digits beyond nanoseconds are cut. */
export function paxTime(records: PaxRecords, keyword: string): FileTime | undefined {
  const text = paxText(records, keyword);
  if (text === undefined) return undefined;
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(text);
  if (match === null) throw broken(`${keyword} is no time`);
  const [, sign, whole, fraction = ""] = match;
  const sec = Number(whole);
  const nsec = Number(fraction.slice(0, 9).padEnd(9, "0"));
  if (sign === "") return { sec, nsec };
  return nsec === 0 ? { sec: 0 - sec, nsec: 0 } : { sec: -sec - 1, nsec: 1_000_000_000 - nsec };
}

/** The text of a record, or undefined when it is absent or empty. */
export function paxText(records: PaxRecords, keyword: string): ByteString | undefined {
  const value = records.get(keyword);
  return value === undefined || value.length === 0 ? undefined : byteString(value);
}

/** The extended attributes among the records, or undefined when there is none. Copied: records share the header's memory. */
export function paxXattrs(records: PaxRecords): ReadonlyMap<ByteString, Uint8Array> | undefined {
  let xattrs: Map<ByteString, Uint8Array> | undefined;
  for (const [keyword, value] of records) {
    if (!keyword.startsWith(XATTR_PREFIX)) continue;
    xattrs ??= new Map();
    xattrs.set(keyword.slice(XATTR_PREFIX.length), Uint8Array.from(value));
  }
  return xattrs;
}

function broken(what: string) {
  return layerFault("LAYER_INVALID", `A record of a PAX header is broken: ${what}`);
}
