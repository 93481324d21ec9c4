import { AgentError } from "../errors/agent-error.ts";
import { cut } from "./stdin-source.ts";

/** What Node's types leave out. */
type AbortableController = WritableStreamDefaultController & { readonly signal: AbortSignal };
type Piece = IteratorResult<Uint8Array, undefined>;

/** The stdin that is written to while the command runs: a write is done when the guest has asked for its last piece. */
export class StdinPipe implements AsyncIterator<Uint8Array, undefined> {
  readonly writable: WritableStream<Uint8Array | string>;
  #controller!: WritableStreamDefaultController;
  /** The reader that waits, or the writer's piece that does. */
  #reader: PromiseWithResolvers<Piece> | undefined;
  #offer: { readonly piece: Piece; readonly taken: PromiseWithResolvers<void> } | undefined;
  /** Why nothing more is read, or will be written. */
  #end: { readonly reason: unknown } | undefined;
  #broken: { readonly reason: unknown } | undefined;

  constructor() {
    this.writable = new WritableStream({
      start: (controller) => {
        this.#controller = controller;
        const { signal } = controller as AbortableController;
        // Not by `abort` of the sink, which comes only after the write that waits.
        signal.addEventListener("abort", () => this.#break(signal.reason), { once: true });
      },
      write: async (chunk) => {
        for (const value of cut(chunk)) await this.#give({ done: false, value });
      },
      close: () => this.#give({ done: true, value: undefined }),
    });
  }

  next(): Promise<Piece> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken.reason);
    const offer = this.#offer;
    this.#offer = undefined;
    offer?.taken.resolve();
    if (offer !== undefined) return Promise.resolve(offer.piece);
    this.#reader = Promise.withResolvers();
    return this.#reader.promise;
  }

  /** The command has ended: every write from now on, and the one that waits, fails. */
  return(): Promise<Piece> {
    this.#end ??= { reason: ended() };
    this.#controller.error(this.#end.reason);
    this.#offer?.taken.reject(this.#end.reason);
    this.#offer = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  /** The writer gives up: so does the reader. */
  #break(reason: unknown): void {
    this.#broken = { reason };
    this.#reader?.reject(reason);
    this.#offer?.taken.reject(reason);
    this.#offer = undefined;
  }

  #give(piece: Piece): Promise<void> {
    const stop = this.#end ?? this.#broken;
    if (stop !== undefined) return Promise.reject(stop.reason);
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader !== undefined) {
      reader.resolve(piece);
      return Promise.resolve();
    }
    const taken = Promise.withResolvers<void>();
    this.#offer = { piece, taken };
    return taken.promise;
  }
}

function ended(): AgentError {
  return new AgentError({
    code: "EXEC_ENDED",
    message: "The command has ended and reads no more",
    hint: "Await the process to see how it ended.",
  });
}
