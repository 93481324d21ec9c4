import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { readCapped } from "../content/read-capped.ts";
import { OciError } from "../errors/oci-error.ts";
import type { TransportCall } from "../transport/transport.ts";
import type { ByteRange, LayoutFiles } from "./layout-files.ts";
import { readRange } from "./read-range.ts";

/**
 * A link in a directory that somebody else made may lead anywhere, and a FIFO or a device may never end; a FIFO is opened without
 * waiting for its writer.
 */
const OPEN_PLAIN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The files of an image layout in a directory. Only regular files count: no symbolic links, no devices. */
export class DirectoryFiles implements LayoutFiles {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async read(name: string, maxBytes: number, { signal }: TransportCall): Promise<Uint8Array | undefined> {
    signal?.throwIfAborted();
    await using file = await this.#open(name);
    if (file === undefined) return undefined;
    const bytes = await readCapped(this.#reading(file, { start: 0, end: maxBytes + 1 }, signal), maxBytes);
    if (bytes === undefined) throw this.invalid(`${name} has more than ${maxBytes} bytes`);
    return bytes;
  }

  async *stream(name: string, range: ByteRange, { signal }: TransportCall): AsyncGenerator<Uint8Array, void> {
    signal?.throwIfAborted();
    await using file = await this.#open(name);
    if (file === undefined) throw blobNotFound(this.path, name);
    yield* this.#reading(file, range, signal);
  }

  invalid(fault: string, cause?: unknown): OciError {
    return new OciError({
      code: "LAYOUT_INVALID",
      message: `${this.path} is not a readable OCI image layout: ${fault}`,
      hint: "Give the directory that holds oci-layout, index.json and blobs; copy one that has symbolic links with `cp -RL`.",
      cause,
      details: { directory: this.path },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #open(name: string): Promise<FileHandle | undefined> {
    let file: FileHandle;
    try {
      file = await open(join(this.path, name), OPEN_PLAIN);
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code === "ENOENT") return undefined;
      throw this.invalid(code === "ELOOP" ? `${name} is a symbolic link` : message, cause);
    }
    if ((await file.stat()).isFile()) return file;
    await file.close();
    throw this.invalid(`${name} is not a regular file`);
  }

  async *#reading(file: FileHandle, range: ByteRange, signal: AbortSignal | undefined) {
    try {
      yield* readRange(file, range, signal);
    } catch (cause) {
      signal?.throwIfAborted();
      throw this.invalid((cause as Error).message, cause);
    }
  }
}

/** A manifest names content that the layout or archive does not have. */
export function blobNotFound(path: string, name: string): OciError {
  return new OciError({
    code: "BLOB_NOT_FOUND",
    message: `${path} does not have ${name}`,
    hint: "The image is incomplete there; copy or build it again.",
    details: { path, name },
  });
}
