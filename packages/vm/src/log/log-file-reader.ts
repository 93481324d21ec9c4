import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { MAX_RECORD_BYTES } from "./log-files.ts";

const BLOCK_BYTES = 64 * 1024;

/** Reads the lines of one file as they come to be there. Holds no more than a block and a line. */
export class LogFileReader implements AsyncDisposable {
  readonly #file: FileHandle;
  #offset: number;
  #begun: Buffer = Buffer.alloc(0);
  #behind: number;

  private constructor(file: FileHandle, offset: number) {
    this.#file = file;
    this.#offset = offset;
    this.#behind = offset;
  }

  /** Where the line ends that was handed out last, its newline included, in bytes from the beginning of the file. */
  get behind(): number {
    return this.#behind;
  }

  static async open(path: string, offset: number): Promise<LogFileReader> {
    return new LogFileReader(await open(path, constants.O_RDONLY | constants.O_NOFOLLOW), offset);
  }

  /** The lines that are there by now and were not handed out before, without their newlines. */
  async *lines(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { bytesRead, buffer } = await this.#file.read(Buffer.alloc(BLOCK_BYTES), 0, BLOCK_BYTES, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      let rest = Buffer.concat([this.#begun, buffer.subarray(0, bytesRead)]);
      for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
        const line = rest.subarray(0, end);
        rest = rest.subarray(end + 1);
        this.#behind = this.#offset - rest.length;
        yield line;
      }
      // What is longer is no record: one byte stands for it.
      this.#begun = rest.subarray(0, rest.length > MAX_RECORD_BYTES ? 1 : rest.length);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
