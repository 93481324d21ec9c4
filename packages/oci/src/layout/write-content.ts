import type { FileHandle } from "node:fs/promises";

/** Bytes gathered before a write: network chunks are small. */
const WRITE_BYTES = 1024 * 1024;

/**
 * Writes content at a position of a file and what follows it. An abort between two chunks ends it with the signal's reason.
 *
 * @returns how many bytes were written.
 */
export async function writeContent(
  file: FileHandle,
  content: AsyncIterable<Uint8Array>,
  start: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let position = start;
  let gathered: Uint8Array[] = [];
  let length = 0;
  const flush = async () => {
    const bytes = gathered.length === 1 ? (gathered[0] as Uint8Array) : Buffer.concat(gathered);
    gathered = [];
    length = 0;
    await writeAt(file, bytes, position);
    position += bytes.length;
  };
  for await (const chunk of content) {
    signal?.throwIfAborted();
    gathered.push(chunk);
    length += chunk.length;
    if (length >= WRITE_BYTES) await flush();
  }
  signal?.throwIfAborted();
  if (length > 0) await flush();
  return position - start;
}

/** Writes all of it; the kernel may take less than it is given. */
export async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
