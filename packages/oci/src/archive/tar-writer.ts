import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { syncDirectory, Turns } from "@a3s/core";
import { Header } from "tar/header";
import { Pax } from "tar/pax";
import { writeAt, writeContent } from "../layout/write-content.ts";
import { TAR_BLOCK } from "./tar-block.ts";

/** The longest name that a header holds without a PAX header before it. */
const PLAIN_NAME_BYTES = 99;

/** Content that becomes a file of the archive. */
export interface TarContent {
  readonly content: () => AsyncIterable<Uint8Array>;
  /** The file's name, or what tells it when the content has passed; then it is of at most 99 bytes. */
  readonly name: string | (() => string);
}

/**
 * Writes a tar archive under a temporary name, which it has until {@link commit}. A header is written after its content, so that
 * neither the size nor the name has to be known before. The same files in the same order give the same bytes: no times, no owners.
 */
export class TarWriter implements AsyncDisposable {
  readonly #path: string;
  readonly #temporary: string;
  readonly #turns = new Turns();
  readonly #names = new Set<string>();
  #file: FileHandle | undefined;
  #isCommitted = false;
  #end = 0;

  constructor(path: string) {
    this.#path = path;
    this.#temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  }

  /** Appends a file unless there is one of that name. After a failure the archive is as it was before. @returns whether it was appended. */
  append({ name, content }: TarContent, signal: AbortSignal | undefined): Promise<boolean> {
    return this.#turns.take("", signal, async () => {
      signal?.throwIfAborted();
      if (typeof name === "string" && this.#names.has(name)) return false;
      const file = await this.#open();
      const headerBytes = typeof name === "string" ? tarHeader(name, 0).length : TAR_BLOCK;
      const start = this.#end + headerBytes;
      const size = await writeContent(file, content(), start, signal);
      const settled = typeof name === "string" ? name : name();
      if (this.#names.has(settled)) return false;
      // A longer file that failed may have left bytes behind this one.
      await writeAt(file, Buffer.alloc(padding(size)), start + size);
      await writeAt(file, tarHeader(settled, size), this.#end);
      this.#names.add(settled);
      this.#end = start + size + padding(size);
      return true;
    });
  }

  /** Ends the archive and gives it its name, in place of what had it before. */
  commit(signal: AbortSignal | undefined): Promise<void> {
    return this.#turns.take("", signal, async () => {
      signal?.throwIfAborted();
      const file = await this.#open();
      await writeAt(file, Buffer.alloc(2 * TAR_BLOCK), this.#end);
      await file.truncate(this.#end + 2 * TAR_BLOCK);
      await file.sync();
      await rename(this.#temporary, this.#path);
      this.#isCommitted = true;
      await syncDirectory(dirname(this.#path));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#file === undefined) return;
    await this.#file.close();
    if (!this.#isCommitted) await rm(this.#temporary, { force: true });
  }

  async #open(): Promise<FileHandle> {
    if (this.#isCommitted) throw new Error(`${this.#path} is committed and takes no more`);
    this.#file ??= await open(this.#temporary, "wx", 0o644);
    return this.#file;
  }
}

/** A header, behind a PAX header when the name is longer than its field (POSIX.1-2001). */
function tarHeader(path: string, size: number): Buffer {
  const short = path.slice(0, PLAIN_NAME_BYTES);
  const block = Buffer.alloc(TAR_BLOCK);
  new Header({ path: short, size, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), type: "File" }).encode(block);
  return short === path ? block : Buffer.concat([new Pax({ path }).encode(), block]);
}

function padding(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
}
