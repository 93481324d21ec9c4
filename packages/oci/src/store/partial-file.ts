import { constants } from "node:fs";
import { chmod, type FileHandle, open } from "node:fs/promises";
import type { WriteBack } from "./write-back.ts";

/** Bytes gathered before a write: network chunks are small. */
const WRITE_BYTES = 1024 * 1024;
/** Linux takes at most 1024 parts in one writev(2). */
const WRITE_PARTS = 512;
/** Bytes after which what is written is sent to the disk. */
const WRITE_BACK_BYTES = 16 * 1024 * 1024;

/** A file that content is appended to. It may hold a part of the content already. */
export class PartialFile implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #writeBack: WriteBack;
  #length: number;
  #parts: Uint8Array[] = [];
  #gathered = 0;
  #sentToDisk: number;
  #sending: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle, length: number, writeBack: WriteBack) {
    this.#file = file;
    this.#length = length;
    this.#sentToDisk = length;
    this.#writeBack = writeBack;
  }

  static async open(path: string, writeBack: WriteBack): Promise<PartialFile> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    const file = await open(path, flags, 0o600).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "EACCES") throw error;
      // A process died between sealing the file and giving it its place.
      await chmod(path, 0o600);
      return open(path, flags);
    });
    return new PartialFile(file, (await file.stat()).size, writeBack);
  }

  /** Bytes in the file, without those that are still gathered. */
  get length(): number {
    return this.#length;
  }

  async clear(): Promise<void> {
    await this.#file.truncate(0);
    this.#length = 0;
    this.#sentToDisk = 0;
    this.#parts = [];
    this.#gathered = 0;
  }

  /** What is in the file. A chunk is good until the next one is asked for. */
  async *content(): AsyncGenerator<Uint8Array, void, undefined> {
    const buffer = Buffer.allocUnsafe(Math.min(this.#length, WRITE_BYTES));
    for (let position = 0; position < this.#length; ) {
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async append(chunk: Uint8Array): Promise<void> {
    this.#parts.push(chunk);
    this.#gathered += chunk.length;
    if (this.#gathered >= WRITE_BYTES || this.#parts.length >= WRITE_PARTS) await this.flush();
  }

  /** Writes what is gathered; the kernel may take less than it is given. */
  async flush(): Promise<void> {
    let rest: readonly Uint8Array[] = this.#parts;
    this.#parts = [];
    this.#gathered = 0;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#file.writev(rest, this.#length);
      this.#length += bytesWritten;
      rest = without(rest, bytesWritten);
    }
    if (this.#length - this.#sentToDisk >= WRITE_BACK_BYTES) this.#startWriteBack();
  }

  /** Makes the content durable and the file read-only. */
  async seal(): Promise<void> {
    await this.flush();
    // A failed write-back is reported to one call only, and not again to the fsync that follows.
    await this.#sending;
    await this.#file.chmod(0o444);
    await this.#file.sync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sending.catch(() => {});
    await this.#file.close();
  }

  #startWriteBack(): void {
    const sending = this.#writeBack.start(this.#file);
    if (sending === undefined) return;
    this.#sentToDisk = this.#length;
    this.#sending = Promise.all([this.#sending, sending]).then(() => {});
    this.#sending.catch(() => {});
  }
}

/** The parts after so many bytes. */
function without(parts: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = bytes;
  for (const part of parts) {
    if (skip < part.length) rest.push(part.subarray(skip));
    skip = Math.max(0, skip - part.length);
  }
  return rest;
}
