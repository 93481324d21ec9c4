/** Header fields of a ustar block that a hostile entry may overwrite byte for byte. */
export type TarHeaderField =
  | "name"
  | "mode"
  | "uid"
  | "gid"
  | "size"
  | "mtime"
  | "checksum"
  | "typeflag"
  | "linkname"
  | "magic"
  | "version"
  | "uname"
  | "gname"
  | "devmajor"
  | "devminor"
  | "prefix";

/** What every entry may say about itself. */
export interface TarEntryBase {
  /** Name in the archive, written as given: `..`, leading slashes and empty names pass, so that extractors can be tested. */
  readonly path: string;
  /** Permission bits; 0o644 for files, 0o755 for directories, 0o777 for symbolic links by default. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds since 1970; 0 by default, so that archives are reproducible. */
  readonly mtime?: number;
  /** Extended attributes, written as `SCHILY.xattr.*` PAX records. */
  readonly xattrs?: Readonly<Record<string, string>>;
  /** PAX records of this entry, beside those for long names and xattrs; later ones of the same key win. */
  readonly pax?: Readonly<Record<string, string>>;
  /** Header bytes written over the field as they are, for hostile headers; the checksum still fits unless it is overwritten too. */
  readonly header?: Readonly<Partial<Record<TarHeaderField, string | Uint8Array>>>;
}

/** One entry of a layer, in the words of image-spec layer.md. */
export type TarEntry =
  | (TarEntryBase & { readonly type: "file"; readonly content?: string | Uint8Array })
  | (TarEntryBase & { readonly type: "directory" | "fifo" })
  | (TarEntryBase & { readonly type: "symlink" | "hardlink"; readonly target: string })
  | (TarEntryBase & {
      readonly type: "character-device" | "block-device";
      readonly major: number;
      readonly minor: number;
    })
  /** Hides `path` of the layers below: an empty file `.wh.<name>` beside it. */
  | (TarEntryBase & { readonly type: "whiteout" })
  /** Hides everything that the layers below have in the directory `path`: an empty file `.wh..wh..opq` in it. */
  | (TarEntryBase & { readonly type: "opaque-whiteout" })
  /** Bytes put into the archive as they are, without header or padding. */
  | { readonly type: "raw"; readonly bytes: Uint8Array };
