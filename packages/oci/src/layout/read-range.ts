import type { FileHandle } from "node:fs/promises";
import type { ByteRange } from "./layout-files.ts";

const CHUNK_BYTES = 1024 * 1024;

/** A part of an open file, to the file's end at most. An abort between two chunks ends it with the signal's reason. */
export async function* readRange(
  file: FileHandle,
  { start, end }: ByteRange,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let position = start; position < end; ) {
    signal?.throwIfAborted();
    const length = Math.min(CHUNK_BYTES, end - position);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
  signal?.throwIfAborted();
}
