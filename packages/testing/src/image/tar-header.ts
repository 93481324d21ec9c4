import type { TarEntryBase, TarHeaderField } from "./tar-entry.ts";

/** Size of a tar record in bytes; headers are one, contents are padded to a multiple. */
export const TAR_BLOCK = 512;

/** POSIX.1-1988 ustar: offset and length of each field. */
const FIELDS: Readonly<Record<TarHeaderField, readonly [offset: number, length: number]>> = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  typeflag: [156, 1],
  linkname: [157, 100],
  magic: [257, 6],
  version: [263, 2],
  uname: [265, 32],
  gname: [297, 32],
  devmajor: [329, 8],
  devminor: [337, 8],
  prefix: [345, 155],
};

/** Everything a header says; names longer than their field are cut, because PAX records carry them whole. */
export interface TarHeader {
  readonly name: string;
  readonly typeflag: string;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly linkname: string;
  readonly major: number;
  readonly minor: number;
}

/** One ustar header block, with the entry's raw fields written over it. */
export function tarHeader(header: TarHeader, overwrite: TarEntryBase["header"] = {}): Uint8Array {
  const block = new Uint8Array(TAR_BLOCK);
  const put = (field: TarHeaderField, value: string | Uint8Array) => {
    const [offset, length] = FIELDS[field];
    block.fill(0, offset, offset + length);
    const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
    block.set(bytes.subarray(0, length), offset);
  };
  const octal = (field: TarHeaderField, value: number) =>
    put(field, value.toString(8).padStart(FIELDS[field][1] - 1, "0"));
  put("name", header.name);
  octal("mode", header.mode);
  octal("uid", header.uid);
  octal("gid", header.gid);
  octal("size", header.size);
  octal("mtime", header.mtime);
  put("typeflag", header.typeflag);
  put("linkname", header.linkname);
  put("magic", "ustar\0");
  put("version", "00");
  octal("devmajor", header.major);
  octal("devminor", header.minor);
  for (const [field, value] of Object.entries(overwrite)) put(field as TarHeaderField, value);
  if (overwrite.checksum === undefined) {
    // The sum counts its own field as eight spaces.
    block.fill(0x20, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    put("checksum", `${sum.toString(8).padStart(6, "0")}\0 `);
  }
  return block;
}
