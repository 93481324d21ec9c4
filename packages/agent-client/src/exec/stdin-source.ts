import { MAX_CONTENT_BYTES } from "../protocol.ts";

/** What a command reads as its stdin; a string is sent as UTF-8. A `ReadableStream` is an async iterable, too. */
export type StdinSource = Uint8Array | string | AsyncIterable<Uint8Array | string>;

/** Bytes of stdin in one message. */
const PIECE_BYTES = MAX_CONTENT_BYTES;

/** Cuts stdin into pieces that fit into messages, one asked for at a time. */
export async function* stdinPieces(source: StdinSource): AsyncGenerator<Uint8Array, void, undefined> {
  if (typeof source === "string" || source instanceof Uint8Array) {
    yield* cut(source);
    return;
  }
  for await (const chunk of source) yield* cut(chunk);
}

/** @throws TypeError for what is neither bytes nor text. */
export function* cut(chunk: Uint8Array | string): Generator<Uint8Array, void, undefined> {
  if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) {
    throw new TypeError(`stdin must yield Uint8Array or string, not ${typeof chunk}`);
  }
  const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) yield bytes.subarray(start, start + PIECE_BYTES);
}
