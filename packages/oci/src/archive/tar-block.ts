import { Header } from "tar/header";
import { Pax } from "tar/pax";

/** Bytes of a header, and what contents are padded to a multiple of. */
export const TAR_BLOCK = 512;

/** What a header stands for. */
export type TarHeaderKind =
  | "file"
  | "hardlink"
  | "symlink"
  /** Directories, devices and FIFOs: they have no content, whatever their size field says. */
  | "empty"
  | "pax"
  | "long-name"
  | "long-link"
  | "sparse"
  /** Content to be passed over. */
  | "other";

/** One header block, decoded. */
export interface TarHeaderBlock {
  readonly kind: TarHeaderKind;
  readonly path: string;
  readonly linkpath: string;
  /** `undefined` when the field is not a whole number of bytes. */
  readonly size: number | undefined;
}

/** What PAX records and GNU long names say about the entry that follows them. */
export interface TarExtension {
  readonly path?: string | undefined;
  readonly linkpath?: string | undefined;
  readonly size?: number | undefined;
}

const KINDS: Readonly<Record<string, TarHeaderKind>> = {
  File: "file",
  OldFile: "file",
  ContiguousFile: "file",
  Link: "hardlink",
  SymbolicLink: "symlink",
  Directory: "empty",
  CharacterDevice: "empty",
  BlockDevice: "empty",
  FIFO: "empty",
  ExtendedHeader: "pax",
  OldExtendedHeader: "pax",
  NextFileHasLongPath: "long-name",
  OldGnuLongPath: "long-name",
  NextFileHasLongLinkpath: "long-link",
  SparseFile: "sparse",
};

/** Decodes a header block; `undefined` for one of zeros, which ends an archive. @throws when it is neither. */
export function parseTarBlock(block: Buffer): TarHeaderBlock | undefined {
  const header = new Header(block);
  if (header.nullBlock) return undefined;
  if (!header.cksumValid) throw new Error("the checksum is wrong");
  const { path = "", linkpath = "", size, type } = header;
  return { kind: KINDS[type] ?? "other", path, linkpath, size };
}

/** Decodes the content of an extension header, over what earlier ones of the same entry said. */
export function parseTarExtension(kind: TarHeaderKind, content: Buffer, before: TarExtension): TarExtension {
  const text = content.toString("utf8");
  if (kind === "pax") {
    const { path, linkpath, size } = Pax.parse(text);
    return {
      path: path ?? before.path,
      linkpath: linkpath ?? before.linkpath,
      size: size ?? before.size,
    };
  }
  const name = text.split("\0", 1)[0];
  return kind === "long-name" ? { ...before, path: name } : { ...before, linkpath: name };
}
