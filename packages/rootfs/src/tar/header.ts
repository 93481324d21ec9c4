import { type ByteString, byteString } from "../bytes/byte-string.ts";
import { layerFault } from "../errors/layer-fault.ts";
import { isNumberField, readNumberField } from "./number-field.ts";
import { readSparseBlock, type SparseMap } from "./sparse-map.ts";

/** Headers are one block; contents are padded to a multiple of it. */
export const TAR_BLOCK_BYTES = 512;

const ZERO_BLOCK = Buffer.alloc(TAR_BLOCK_BYTES);

/** The fields of one header block, before extension headers are applied. */
export interface TarHeader {
  readonly typeflag: string;
  readonly path: ByteString;
  readonly linkTarget: ByteString;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Whole seconds since 1970. */
  readonly mtime: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** A sparse file of the old GNU format; `size` is what the archive holds of it, and `size` in here the whole file's. */
  readonly sparse: { readonly size: number; readonly map: SparseMap } | undefined;
}

/**
 * Reads one header block: V7, POSIX ustar, star or GNU. Undefined for a block of zeros, two of which end an archive.
 *
 * @throws RootfsError `LAYER_INVALID`
 */
export function readTarHeader(block: Buffer): TarHeader | undefined {
  if (block[0] === 0 && block.equals(ZERO_BLOCK)) return undefined;
  if (readNumberField(block, 148, 8, "checksum") !== checksum(block)) {
    throw layerFault("LAYER_INVALID", "The checksum of a tar header is wrong");
  }
  const typeflag = String.fromCharCode(block[156] as number);
  const format = formatOf(block);
  const isDevice = (typeflag === "3" || typeflag === "4") && format !== "v7";
  const prefix = prefixOf(block, format);
  const name = text(block, 0, 100);
  const size = readNumberField(block, 124, 12, "size");
  if (size < 0) throw layerFault("LAYER_INVALID", "The size of a tar header is negative");
  return {
    typeflag,
    path: prefix === "" ? name : `${prefix}/${name}`,
    linkTarget: text(block, 157, 100),
    mode: readNumberField(block, 100, 8, "mode"),
    uid: readNumberField(block, 108, 8, "user ID"),
    gid: readNumberField(block, 116, 8, "group ID"),
    size,
    mtime: readNumberField(block, 136, 12, "modification time"),
    // Other types leave anything in these fields.
    deviceMajor: isDevice ? readNumberField(block, 329, 8, "device number") : 0,
    deviceMinor: isDevice ? readNumberField(block, 337, 8, "device number") : 0,
    sparse: typeflag === "S" ? readSparse(block, format) : undefined,
  };
}

/** Where ustar has the prefix, GNU has the first four ranges of a sparse file and its size. */
function readSparse(block: Buffer, format: TarFormat): TarHeader["sparse"] {
  if (format !== "gnu") throw layerFault("LAYER_INVALID", "A sparse file's header is not of the GNU format");
  return {
    size: readNumberField(block, 483, 12, "size"),
    map: { kind: "blocks", ranges: readSparseBlock(block, 386, 4), extended: block[482] !== 0 },
  };
}

type TarFormat = "v7" | "ustar" | "star" | "gnu";

/** By the magic and, for GNU, the version, as Go's reader tells them apart. */
function formatOf(block: Buffer): TarFormat {
  const magic = block.toString("latin1", 257, 263);
  if (magic === "ustar\0") return isStar(block) ? "star" : "ustar";
  return magic === "ustar " && block.toString("latin1", 263, 265) === " \0" ? "gnu" : "v7";
}

function prefixOf(block: Buffer, format: TarFormat): ByteString {
  if (format === "ustar") return text(block, 345, 155);
  if (format === "star") return text(block, 345, 131);
  return format === "gnu" ? mistakenPrefix(block) : "";
}

/**
 * GNU has no prefix, but access and change time in its place. Go before 1.8, and so the Docker of the time, wrote a prefix there all the
 * same when an owner needed base 256; its reader knows such headers by times that are none.
 */
function mistakenPrefix(block: Buffer): ByteString {
  if ([345, 357].every((offset) => block[offset] === 0 || isNumberField(block, offset, 12))) return "";
  const prefix = text(block, 345, 155);
  return /[\x80-\xff]/.test(prefix) ? "" : prefix;
}

/** star ends its header with "tar" and keeps access and change time where ustar has the end of the prefix. */
function isStar(block: Buffer): boolean {
  return block.toString("latin1", 508, 512) === "tar\0";
}

function checksum(block: Buffer): number {
  // The checksum's own field counts as eight spaces.
  let sum = 8 * 0x20;
  for (let index = 0; index < 148; index++) sum += block[index] as number;
  for (let index = 156; index < TAR_BLOCK_BYTES; index++) sum += block[index] as number;
  return sum;
}

function text(block: Buffer, offset: number, length: number): ByteString {
  let end = offset;
  while (end < offset + length && block[end] !== 0) end++;
  return byteString(block.subarray(offset, end));
}
