import type { StallGuard } from "./stall-guard.ts";

/** What a request sends: bytes, or a function that gives them from the start whenever it is called, as each attempt needs them anew. */
export type RequestBody = Uint8Array | (() => AsyncIterable<Uint8Array>);

/** Handed to the connection at once; it has taken one before the next is made. */
const PIECE_BYTES = 64 * 1024;

/** A body on its way out. */
export class OutgoingBody {
  readonly #body: RequestBody;
  readonly #guard: StallGuard;
  /** What the source of the bytes threw: no fault of the network. */
  fault: { readonly error: unknown } | undefined;

  constructor(body: RequestBody, guard: StallGuard) {
    this.#body = body;
    this.#guard = guard;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      this.#guard.pause();
      for await (const chunk of this.#content()) {
        this.#guard.resume();
        for (let start = 0; start < chunk.length; start += PIECE_BYTES) {
          yield chunk.subarray(start, start + PIECE_BYTES);
          this.#guard.resume();
        }
        this.#guard.pause();
      }
    } catch (error) {
      this.fault = { error };
      throw error;
    } finally {
      this.#guard.resume();
    }
  }

  async *#content(): AsyncGenerator<Uint8Array, void, undefined> {
    if (typeof this.#body === "function") yield* this.#body();
    else yield this.#body;
  }
}
