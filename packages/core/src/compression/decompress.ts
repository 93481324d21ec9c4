import { pipeline, Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { ZstdFrames } from "./zstd-frames.ts";

export type Compression = "gzip" | "zstd" | "none";

/** Bytes that a decoder hands on at a time: few turns of the event loop, and small enough for the processor's cache. */
const CHUNK_BYTES = 256 * 1024;

/**
 * How a stream is compressed, by its first bytes; four are enough. Media types are not always right about it: Docker has labelled
 * plain layers as gzip.
 */
export function detectCompression(start: Uint8Array): Compression {
  if (start[0] === 0x1f && start[1] === 0x8b) return "gzip";
  const isZstd = start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd;
  // A zstd stream may begin with a skippable frame.
  const isSkippable = ((start[0] ?? 0) & 0xf0) === 0x50 && start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18;
  return isZstd || isSkippable ? "zstd" : "none";
}

/**
 * The uncompressed stream. Gzip members and zstd frames that follow one another are one stream. Fails with what the source fails with,
 * and with an error that {@link isDecoderError} knows.
 */
export function decompress(source: Readable, compression: Compression): AsyncIterable<Buffer> {
  if (compression === "none") return source;
  // The callback is there to tear both down; errors come out of the iteration.
  if (compression === "gzip") return pipeline(source, createGunzip({ chunkSize: CHUNK_BYTES }), () => {});
  return zstdStream(source);
}

async function* zstdStream(source: Readable): AsyncGenerator<Buffer> {
  const frames = new ZstdFrames(source);
  while (await frames.next()) {
    const frame = Readable.from(frames.frame(), { objectMode: false });
    yield* pipeline(frame, createZstdDecompress({ chunkSize: CHUNK_BYTES }), () => {});
  }
}

/** Whether a stream could not be decompressed, as opposed to not be read. */
export function isDecoderError(error: unknown): error is Error {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" && /^(Z|ZSTD|ERR_ZSTD)_/.test(code);
}
