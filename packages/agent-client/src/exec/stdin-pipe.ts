import { AgentError } from "../errors/agent-error.ts";
import { cut } from "./stdin-source.ts";

type Piece = IteratorResult<Uint8Array, undefined>;

/** The stdin that is written to while the command runs: a write is done when the guest has asked for its last piece. */
export class StdinPipe implements AsyncIterator<Uint8Array, undefined> {
  readonly writable: WritableStream<Uint8Array | string>;
  #controller!: WritableStreamDefaultController;
  /** The reader that waits, or the writer's piece that does. */
  #reader: PromiseWithResolvers<Piece> | undefined;
  #offer: { readonly piece: Promise<Piece>; taken(): void } | undefined;

  constructor() {
    this.writable = new WritableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      write: async (chunk) => {
        for (const value of cut(chunk)) await this.#give(Promise.resolve({ done: false, value }));
      },
      close: () => this.#give(Promise.resolve({ done: true, value: undefined })),
      abort: (reason) => void this.#give(Promise.reject(reason)),
    });
  }

  next(): Promise<Piece> {
    const offer = this.#offer;
    this.#offer = undefined;
    offer?.taken();
    if (offer !== undefined) return offer.piece;
    this.#reader = Promise.withResolvers();
    return this.#reader.promise;
  }

  /** The command has ended: every write from now on, and the one that waits, fails. */
  return(): Promise<Piece> {
    this.#controller.error(
      new AgentError({
        code: "EXEC_ENDED",
        message: "The command has ended and reads no more",
        hint: "Await the process to see how it ended.",
      }),
    );
    this.#offer?.taken();
    this.#offer = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  #give(piece: Promise<Piece>): Promise<void> {
    piece.catch(() => {});
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader !== undefined) {
      reader.resolve(piece);
      return Promise.resolve();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#offer = { piece, taken: resolve };
    return promise;
  }
}
