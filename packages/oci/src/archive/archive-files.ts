import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { raceSignal } from "@a3s/core";
import { readCapped } from "../content/read-capped.ts";
import type { OciError } from "../errors/oci-error.ts";
import { blobNotFound } from "../layout/directory-files.ts";
import type { ByteRange, LayoutFiles } from "../layout/layout-files.ts";
import type { TransportCall } from "../transport/transport.ts";
import { archiveInvalid } from "./archive-fault.ts";
import { archivePart, openArchiveFile, type UnpackPlan, unpackToFile } from "./archive-file.ts";
import { indexTar, type TarIndex, type TarSpan } from "./tar-index.ts";

/** Most bytes that a packed archive may have when it is unpacked, and an archive that comes as a stream; 64 GiB. */
export const MAX_UNPACKED_BYTES = 64 * 1024 ** 3;

/** How an archive is read. */
export interface ArchiveOptions {
  /** Where packed archives are unpacked to; the system's directory for temporary files by default. */
  readonly temporaryDirectory?: string | undefined;
  /** {@link MAX_UNPACKED_BYTES} by default. */
  readonly maxUnpackedBytes?: number | undefined;
}

interface OpenArchive {
  readonly file: FileHandle;
  readonly index: TarIndex;
}

/**
 * The files in a tar archive, read where they lie. Nothing is opened before the first call. An archive that is packed with gzip or
 * zstd is unpacked once, into a temporary file without a name.
 */
export class ArchiveFiles implements LayoutFiles {
  readonly path: string;
  readonly #bounds: Pick<UnpackPlan, "temporaryDirectory" | "maxUnpackedBytes">;
  readonly #content: AsyncIterable<Uint8Array> | undefined;
  readonly #disposal = new AbortController();
  #opening: Promise<OpenArchive> | undefined;

  /** With `content` the archive is what comes from there, and `path` only what messages call it. */
  constructor(path: string, options: ArchiveOptions = {}, content?: AsyncIterable<Uint8Array>) {
    const { temporaryDirectory = tmpdir(), maxUnpackedBytes = MAX_UNPACKED_BYTES } = options;
    this.path = path;
    this.#bounds = { temporaryDirectory, maxUnpackedBytes };
    this.#content = content;
  }

  /** How long a file is; `undefined` when there is none. */
  async size(name: string, call: TransportCall): Promise<number | undefined> {
    return (await this.#find(name, call))?.span.size;
  }

  async read(name: string, maxBytes: number, call: TransportCall): Promise<Uint8Array | undefined> {
    const found = await this.#find(name, call);
    if (found === undefined) return undefined;
    const { size } = found.span;
    if (size > maxBytes) throw this.invalid(`${name} has ${size} bytes, more than the ${maxBytes} allowed`);
    return readCapped(this.#part(found, { start: 0, end: size }, call.signal), maxBytes);
  }

  async *stream(name: string, range: ByteRange, call: TransportCall): AsyncGenerator<Uint8Array, void, undefined> {
    const found = await this.#find(name, call);
    if (found === undefined) throw blobNotFound(this.path, name);
    yield* this.#part(found, range, call.signal);
  }

  invalid(fault: string, cause?: unknown): OciError {
    return archiveInvalid(this.path, `is not a readable archive of images: ${fault}`, cause);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort(new Error(`${this.path} is closed`));
    const opened = await this.#opening?.catch(() => undefined);
    await opened?.file.close();
  }

  async #find(name: string, { signal }: TransportCall) {
    signal?.throwIfAborted();
    // One opening serves all callers: none of them may end it but by disposing.
    this.#opening ??= this.#open(this.#disposal.signal);
    const { file, index } = await raceSignal(this.#opening, signal);
    const span = index.find(name);
    return span === undefined ? undefined : { name, file, span };
  }

  async *#part(
    { name, file, span }: { readonly name: string; readonly file: FileHandle; readonly span: TarSpan },
    { start, end }: ByteRange,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const range = { start: span.offset + start, end: span.offset + Math.min(end, span.size) };
    let left = Math.max(0, range.end - range.start);
    for await (const chunk of archivePart(file, this.path, range, signal)) {
      left -= chunk.length;
      yield chunk;
    }
    if (left > 0) throw this.invalid(`${name} became shorter while it was read`);
  }

  async #open(signal: AbortSignal): Promise<OpenArchive> {
    const plan = { path: this.path, ...this.#bounds, signal };
    const file = await (this.#content === undefined ? openArchiveFile(plan) : unpackToFile(this.#content, plan));
    try {
      return { file, index: await indexTar(file, this.path, signal) };
    } catch (error) {
      await file.close();
      throw error;
    }
  }
}
