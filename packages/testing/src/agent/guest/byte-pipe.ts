/** Bytes that wait, and whatever else is to be known of them. */
export interface Piece {
  readonly data: Uint8Array;
}

/** As a pipe of Linux holds. */
const CAPACITY = 64 * 1024;

/**
 * Bytes from one side to the other. A write resolves when there is room again, so that a reader that stops holds back the
 * writer; when the reader is gone, everything is dropped.
 */
export class BytePipe<T extends Piece = Piece> {
  readonly #pieces: T[] = [];
  #bytes = 0;
  #open = true;
  #readable = Promise.withResolvers<void>();
  #writable = Promise.withResolvers<void>();

  /** Resolves when another piece may be written. */
  async write(piece: T): Promise<void> {
    if (!this.#open) return;
    this.#pieces.push(piece);
    this.#bytes += piece.data.length;
    this.#wakeReader();
    while (this.#open && this.#bytes >= CAPACITY) await this.#writable.promise;
  }

  /** Nothing more comes. */
  end(): void {
    this.#open = false;
    this.#wakeReader();
    this.#wakeWriter();
  }

  /** Nobody reads any more. */
  drop(): void {
    this.#pieces.length = 0;
    this.#bytes = 0;
    this.end();
  }

  /** Puts back what was read and not used. */
  unread(piece: T): void {
    this.#pieces.unshift(piece);
    this.#bytes += piece.data.length;
    this.#wakeReader();
  }

  /** The next piece, undefined at the end. */
  async read(): Promise<T | undefined> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) {
        this.#bytes -= piece.data.length;
        this.#wakeWriter();
        return piece;
      }
      if (!this.#open) return undefined;
      await this.#readable.promise;
    }
  }

  #wakeReader(): void {
    this.#readable.resolve();
    this.#readable = Promise.withResolvers();
  }

  #wakeWriter(): void {
    this.#writable.resolve();
    this.#writable = Promise.withResolvers();
  }
}
