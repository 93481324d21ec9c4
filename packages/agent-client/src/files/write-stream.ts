import type { ContentSource } from "./content-source.ts";

/** Hands chunks from a writer to a reader, one at a time: `put` resolves when the reader asks for the next one. */
class Handover implements AsyncIterableIterator<Uint8Array | string> {
  #chunk: { readonly value: Uint8Array | string; readonly taken: () => void } | undefined;
  #waiting: PromiseWithResolvers<IteratorResult<Uint8Array | string>> | undefined;
  #lastTaken: (() => void) | undefined;
  #ended = false;

  put(value: Uint8Array | string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const chunk = { value, taken: resolve };
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#chunk = chunk;
    else this.#give(waiting, chunk);
    return promise;
  }

  end(): void {
    this.#ended = true;
    this.#waiting?.resolve({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<Uint8Array | string>> {
    this.#lastTaken?.();
    this.#lastTaken = undefined;
    const waiting = Promise.withResolvers<IteratorResult<Uint8Array | string>>();
    const chunk = this.#chunk;
    this.#chunk = undefined;
    if (chunk !== undefined) this.#give(waiting, chunk);
    else if (this.#ended) waiting.resolve({ done: true, value: undefined });
    else this.#waiting = waiting;
    return waiting.promise;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #give(
    waiting: PromiseWithResolvers<IteratorResult<Uint8Array | string>>,
    chunk: { readonly value: Uint8Array | string; readonly taken: () => void },
  ): void {
    this.#lastTaken = chunk.taken;
    waiting.resolve({ done: false, value: chunk.value });
  }
}

/**
 * A stream whose chunks become the content of one call, begun at once. Each write waits until the call has taken the
 * chunk; a call that fails fails the stream at once.
 */
export function writeStream(
  write: (content: ContentSource, signal: AbortSignal) => Promise<unknown>,
  { signal }: { readonly signal?: AbortSignal | undefined },
): WritableStream<Uint8Array | string> {
  const handover = new Handover();
  const abandoned = new AbortController();
  const bound = signal === undefined ? abandoned.signal : AbortSignal.any([signal, abandoned.signal]);
  const done = write(handover, bound);
  return new WritableStream<Uint8Array | string>({
    start(controller) {
      done.catch((error: unknown) => controller.error(error));
    },
    write: (chunk) => Promise.race([handover.put(chunk), done.then(() => {})]),
    async close() {
      handover.end();
      await done;
    },
    async abort(reason) {
      abandoned.abort(reason);
      await done.catch(() => {});
    },
  });
}
