import { constants } from "node:fs";
import { chmod, type FileHandle, open } from "node:fs/promises";
import type { WriteBack } from "./write-back.ts";

/** Bytes gathered before a write: chunks from the network are small. More at a time costs more system time than it saves calls. */
const WRITE_BYTES = 512 * 1024;
/** Bytes after which what is written is sent to the disk. */
const WRITE_BACK_BYTES = 16 * 1024 * 1024;

/** A file that content is appended to. It may hold a part of the content already. */
export class PartialFile implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #writeBack: WriteBack;
  #length: number;
  /** What is gathered; another one is being written meanwhile. */
  #gathering: Buffer | undefined;
  #gathered = 0;
  /** A buffer of which nothing is gathered or being written. */
  #spare: Buffer | undefined;
  #writing: Promise<void> = Promise.resolve();
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

  /** Takes the bytes over; the chunk is the caller's again when this returns. A fault of a write may come with a later call. */
  async append(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk; rest.length > 0; ) {
      this.#gathering ??= this.#takeSpare();
      const taken = rest.subarray(0, WRITE_BYTES - this.#gathered);
      this.#gathering.set(taken, this.#gathered);
      this.#gathered += taken.length;
      rest = rest.subarray(taken.length);
      if (this.#gathered === WRITE_BYTES) await this.#startWrite();
    }
  }

  #takeSpare(): Buffer {
    const buffer = this.#spare ?? Buffer.allocUnsafeSlow(WRITE_BYTES);
    this.#spare = undefined;
    return buffer;
  }

  /** Writes what is gathered. */
  async flush(): Promise<void> {
    await this.#startWrite();
    await this.#writing;
  }

  async #startWrite(): Promise<void> {
    await this.#writing;
    const buffer = this.#gathering;
    if (buffer === undefined || this.#gathered === 0) return;
    this.#writing = this.#write(buffer.subarray(0, this.#gathered)).then(() => {
      this.#spare = buffer;
    });
    // Whoever waits for it next gets the fault.
    this.#writing.catch(() => {});
    this.#gathering = undefined;
    this.#gathered = 0;
  }

  /** The kernel may take less than it is given. */
  async #write(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0; ) {
      const { bytesWritten } = await this.#file.write(rest, 0, rest.length, this.#length);
      this.#length += bytesWritten;
      rest = rest.subarray(bytesWritten);
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
