import { Readable } from "node:stream";
import { decompress, detectCompression } from "@a3s/core";

/** Bytes that tell how content is compressed. */
export const MAGIC_BYTES = 4;

/** Content without its compression, if it has one: gzip, also of many members, or zstd. Leaving it in the middle ends the source. */
export async function* unpack(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const source = content[Symbol.asyncIterator]();
  const start: Uint8Array[] = [];
  let length = 0;
  while (length < MAGIC_BYTES) {
    const next = await source.next();
    if (next.done === true) break;
    start.push(next.value);
    length += next.value.length;
  }
  const stream = Readable.from(replay(start, source), { objectMode: false });
  // They come out of the iteration; one from ending the source early concerns nobody.
  stream.on("error", () => {});
  const closed = new Promise((resolve) => stream.once("close", resolve));
  try {
    yield* decompress(stream, detectCompression(Buffer.concat(start)));
  } finally {
    stream.destroy();
    await closed;
  }
}

async function* replay(
  start: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let ended = false;
  try {
    yield* start.filter(({ length }) => length > 0);
    for (;;) {
      const next = await rest.next();
      ended = next.done === true;
      if (next.done === true) return;
      if (next.value.length > 0) yield next.value;
    }
  } finally {
    if (!ended) await rest.return?.();
  }
}
