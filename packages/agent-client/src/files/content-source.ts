import { AgentError } from "../errors/agent-error.ts";
import { MAX_CONTENT_BYTES } from "../protocol.ts";

/** What is written to a file; a string is written as UTF-8. A `ReadableStream` is an async iterable, too. */
export type ContentSource = Uint8Array | string | AsyncIterable<Uint8Array | string>;

/** Bytes of content in one message. */
const PIECE_BYTES = MAX_CONTENT_BYTES;

/**
 * Cuts content into pieces that fit into messages, one asked for at a time.
 *
 * @throws {@link AgentError} `FILE_SOURCE_FAILED` with the source's error as `cause`.
 */
export async function* contentPieces(source: ContentSource): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  if (typeof source === "string" || source instanceof Uint8Array) {
    yield* cut(source);
    return;
  }
  const chunks = source[Symbol.asyncIterator]();
  try {
    for (let next = await take(chunks); !next.done; next = await take(chunks)) yield* cut(next.value);
  } finally {
    // A source in the middle of a read is released when that read ends: nobody waits for it.
    void chunks.return?.()?.catch(() => {});
  }
}

async function take(chunks: AsyncIterator<Uint8Array | string>): Promise<IteratorResult<Uint8Array | string>> {
  try {
    return await chunks.next();
  } catch (cause) {
    throw new AgentError({
      code: "FILE_SOURCE_FAILED",
      message: "The source of what was to be written failed",
      hint: "Its error is the `cause`.",
      cause,
    });
  }
}

function* cut(chunk: Uint8Array | string): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) {
    throw new AgentError({
      code: "FILE_INVALID",
      message: `Content is bytes or text, not ${typeof chunk}`,
      hint: "Give a Uint8Array, a string, or something that yields them.",
    });
  }
  const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    yield bytes.subarray(start, start + PIECE_BYTES) as Uint8Array<ArrayBuffer>;
  }
}
