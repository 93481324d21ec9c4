import type { Dispatcher } from "undici";
import type { StallGuard } from "./stall-guard.ts";

/** What is left of a body up to here is read, so that the connection can be used again; more of it ends the connection. */
const MAX_DISCARDED_BYTES = 64 * 1024;

/** A body that brings less in the time of a stall is as good as silent: a byte now and then would hold a request for ever. */
const MIN_BODY_BYTES = 8 * 1024;

/** What an answer came from. */
export interface AnswerOrigin {
  readonly url: URL;
  readonly guard: StallGuard;
  readonly signal: AbortSignal | undefined;
  /** What stands for an error that reading threw. */
  readonly faultOf: (error: unknown) => Error;
}

/** An answer, of any status. Dispose it. */
export class HttpAnswer implements AsyncDisposable {
  readonly status: number;
  /** Where it came from, after redirects. */
  readonly url: URL;
  readonly #response: Dispatcher.ResponseData;
  readonly #origin: AnswerOrigin;
  #started = false;

  constructor(response: Dispatcher.ResponseData, origin: AnswerOrigin) {
    this.status = response.statusCode;
    this.url = origin.url;
    this.#response = response;
    this.#origin = origin;
    // What breaks while nobody reads shows at the next read.
    response.body.on("error", () => {});
  }

  /** A header by its name in lower case; one that was sent several times as one, with commas. */
  readonly header = (name: string): string | undefined => {
    const value = this.#response.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  };

  /** The body, once. @throws TransientFault when the connection breaks or stalls. */
  async *body(): AsyncGenerator<Uint8Array, void, undefined> {
    const { guard, signal, faultOf } = this.#origin;
    this.#started = true;
    const chunks = this.#response.body[Symbol.asyncIterator]();
    let waitedMs = 0;
    let bytes = 0;
    try {
      for (;;) {
        let read: IteratorResult<Uint8Array>;
        const asked = performance.now();
        try {
          read = await guard.wait(chunks.next());
        } catch (error) {
          signal?.throwIfAborted();
          throw faultOf(error);
        }
        if (read.done === true) return;
        waitedMs += performance.now() - asked;
        bytes += read.value.length;
        if (bytes >= MIN_BODY_BYTES) [waitedMs, bytes] = [0, 0];
        else if (waitedMs > guard.timeoutMs) guard.giveUp();
        yield read.value;
      }
    } finally {
      await chunks.return?.();
    }
  }

  /** Ends the body without ending the guard, which the next request after a redirect goes on with. */
  async discard(): Promise<void> {
    const { body } = this.#response;
    const { guard } = this.#origin;
    if (this.#started) body.destroy();
    // A body that breaks off has nothing left to discard.
    else await guard.wait(body.dump({ limit: MAX_DISCARDED_BYTES, signal: guard.signal })).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.discard();
    this.#origin.guard[Symbol.dispose]();
  }
}
