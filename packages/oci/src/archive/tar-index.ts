import type { FileHandle } from "node:fs/promises";
import { archiveInvalid } from "./archive-fault.ts";
import { entryName, symlinkTarget } from "./entry-name.ts";
import { parseTarBlock, parseTarExtension, TAR_BLOCK, type TarExtension, type TarHeaderBlock } from "./tar-block.ts";

/** Most headers in an archive of images: four for each of 512 layers of 40 images, with room to spare. */
export const MAX_ARCHIVE_ENTRIES = 100_000;
/** Most bytes of a name or of a link's target, as Linux (PATH_MAX). */
export const MAX_ENTRY_NAME_BYTES = 4096;
/** Most bytes of all names together: names of the greatest length for every entry would fill the memory. */
const MAX_ALL_NAMES_BYTES = 64 * 1024 * 1024;
/** Most bytes of a PAX header: two names and some attributes need a few KiB. */
export const MAX_PAX_BYTES = 1024 * 1024;
/** Most links from a name to its file; `docker save` makes one. */
const MAX_LINK_DEPTH = 16;

/** Bytes that are read at a time. */
const WINDOW_BYTES = 32 * 1024;

/** Where a file's content lies in the archive. */
export interface TarSpan {
  readonly offset: number;
  readonly size: number;
}

type Indexed = TarSpan | { readonly target: string | undefined };

/** Where every file of an archive lies, by name. Of two entries with one name the last counts. */
export class TarIndex {
  readonly #entries: ReadonlyMap<string, Indexed>;

  constructor(entries: ReadonlyMap<string, Indexed>) {
    this.#entries = entries;
  }

  /** A file; links are followed within the archive alone. */
  find(raw: string): TarSpan | undefined {
    let name = entryName(raw);
    for (let depth = 0; depth <= MAX_LINK_DEPTH && name !== undefined; depth++) {
      const entry = this.#entries.get(name);
      if (entry === undefined || "size" in entry) return entry;
      name = entry.target;
    }
    return undefined;
  }
}

/** Reads the headers of an uncompressed archive, once. `path` is its name in messages. @throws OciError `ARCHIVE_INVALID` */
export async function indexTar(file: FileHandle, path: string, signal: AbortSignal | undefined): Promise<TarIndex> {
  const { size } = await file.stat();
  return new TarWalk(file, path, size).index(signal);
}

/** One pass over the headers. */
class TarWalk {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #length: number;
  readonly #entries = new Map<string, Indexed>();
  /** What was read last and where it begins: many small entries in a row are one read. */
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;
  #position = 0;
  #nameBytes = 0;
  #extension: TarExtension = {};

  constructor(file: FileHandle, path: string, length: number) {
    this.#file = file;
    this.#path = path;
    this.#length = length;
  }

  async index(signal: AbortSignal | undefined): Promise<TarIndex> {
    for (let count = 0; this.#position < this.#length; count++) {
      signal?.throwIfAborted();
      if (count >= MAX_ARCHIVE_ENTRIES) throw this.#invalid(`has more than ${MAX_ARCHIVE_ENTRIES} entries`);
      const header = await this.#header();
      if (header === undefined) {
        await this.#expectEnd();
        break;
      }
      await this.#take(header);
    }
    if (Object.keys(this.#extension).length > 0) throw this.#invalid("ends after an extended header");
    return new TarIndex(this.#entries);
  }

  async #header(): Promise<TarHeaderBlock | undefined> {
    const block = await this.#read(TAR_BLOCK, "a header");
    try {
      return parseTarBlock(block);
    } catch (cause) {
      throw this.#invalid(`is not a tar archive, or damaged: ${(cause as Error).message} in the header`, cause);
    }
  }

  async #take(header: TarHeaderBlock): Promise<void> {
    const { kind } = header;
    if (kind === "sparse") throw this.#invalid("has a sparse file, which no archive of images has");
    if (kind === "pax" || kind === "long-name" || kind === "long-link") {
      const size = this.#checkedSize(header.size);
      if (size > MAX_PAX_BYTES) throw this.#invalid(`has an extended header of ${size} bytes`);
      const content = (await this.#read(padded(size), "an extended header")).subarray(0, size);
      this.#extension = parseTarExtension(kind, content, this.#extension);
      return;
    }
    const extension = this.#extension;
    this.#extension = {};
    const name = this.#name(extension.path ?? header.path);
    const target = this.#name(extension.linkpath ?? header.linkpath);
    const entry = this.#entry(header, target, name, extension.size);
    const key = entryName(name);
    if (key !== undefined && entry !== undefined) this.#entries.set(key, entry);
  }

  /** The entry, with the position moved behind it; `undefined` for what nobody looks for. */
  #entry(header: TarHeaderBlock, target: string, name: string, extendedSize?: number): Indexed | undefined {
    if (header.kind === "empty") return undefined;
    if (header.kind === "symlink") return { target: symlinkTarget(name, target) };
    if (header.kind === "hardlink") return { target: entryName(target) };
    const size = this.#checkedSize(extendedSize ?? header.size);
    const offset = this.#position;
    if (padded(size) > this.#length - offset)
      throw this.#invalid(`is cut off in ${JSON.stringify(name.slice(0, 200))}`);
    this.#position += padded(size);
    return header.kind === "file" ? { offset, size } : undefined;
  }

  /** Two blocks of zeros end an archive; one and the end of the file are taken as well. */
  async #expectEnd(): Promise<void> {
    if (this.#position === this.#length) return;
    if ((await this.#header()) !== undefined) throw this.#invalid("is damaged: it goes on behind a block of zeros");
  }

  async #read(length: number, what: string): Promise<Buffer> {
    const start = this.#position;
    if (length > this.#length - start) throw this.#invalid(`is cut off in ${what}`);
    if (start < this.#windowAt || start + length > this.#windowAt + this.#window.length) {
      const size = Math.min(Math.max(length, WINDOW_BYTES), this.#length - start);
      const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafeSlow(size), 0, size, start);
      if (bytesRead < length) throw this.#invalid(`is cut off in ${what}`);
      this.#window = buffer.subarray(0, bytesRead);
      this.#windowAt = start;
    }
    this.#position += length;
    return this.#window.subarray(start - this.#windowAt, start - this.#windowAt + length);
  }

  #checkedSize(size: number | undefined): number {
    if (size === undefined || !Number.isSafeInteger(size)) throw this.#invalid("has an entry of no possible size");
    return size;
  }

  #name(name: string): string {
    const bytes = Buffer.byteLength(name);
    if (bytes > MAX_ENTRY_NAME_BYTES) throw this.#invalid(`has a name of ${bytes} bytes`);
    this.#nameBytes += bytes;
    if (this.#nameBytes > MAX_ALL_NAMES_BYTES) throw this.#invalid("has more names than can be kept");
    return name;
  }

  #invalid(fault: string, cause?: unknown) {
    return archiveInvalid(this.#path, `${fault} (at byte ${this.#position})`, cause);
  }
}

function padded(size: number): number {
  return Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
}
