import { type FileHandle, open } from "node:fs/promises";
import { Readable } from "node:stream";
import { RootfsError } from "../errors/rootfs-error.ts";

const READ_BYTES = 256 * 1024;

/** The file of a layer, open for one reading from start to end. */
export class Blob implements AsyncDisposable {
  /** The first bytes; at most 256 KiB, fewer than four only when the file has no more. */
  readonly start: Buffer;
  /** Bytes of the file. */
  readonly size: number;
  readonly #path: string;
  readonly #file: FileHandle;
  #bytesRead = 0;

  private constructor(path: string, file: FileHandle, size: number, start: Buffer) {
    this.#path = path;
    this.#file = file;
    this.size = size;
    this.start = start;
  }

  /** @throws RootfsError `LAYER_UNREADABLE` */
  static async open(path: string): Promise<Blob> {
    const file = await readable(path, () => open(path, "r"));
    try {
      return await readable(path, async () => new Blob(path, file, (await file.stat()).size, await readPiece(file)));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Compressed bytes that have been read. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Everything, once. Fails with `LAYER_UNREADABLE`. */
  stream(): Readable {
    return Readable.from(this.#pieces(), { objectMode: false });
  }

  async *#pieces(): AsyncGenerator<Buffer> {
    for (let piece = this.start; piece.length > 0; piece = await readable(this.#path, () => readPiece(this.#file))) {
      this.#bytesRead += piece.length;
      yield piece;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

async function readPiece(file: FileHandle): Promise<Buffer> {
  // A new buffer each time: the decoder still reads the last one on its own thread.
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, null);
  return buffer.subarray(0, bytesRead);
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new RootfsError({
      code: "LAYER_UNREADABLE",
      message: `The layer's file ${JSON.stringify(path)} cannot be read`,
      hint: "Pull the image again.",
      cause,
    });
  }
}
