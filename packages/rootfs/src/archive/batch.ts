/** Gathers small pieces: headers of tar are 512 bytes, and what a piece costs on its way does not depend on its size. */
export class Batch {
  readonly #bytes: number;
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Takes a piece; yields all that there is when it is enough. */
  *add(piece: Buffer): Generator<Buffer, void, undefined> {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (this.#length >= this.#bytes) yield* this.rest();
  }

  *rest(): Generator<Buffer, void, undefined> {
    if (this.#length === 0) return;
    const all = this.#pieces.length === 1 ? this.#pieces : [Buffer.concat(this.#pieces)];
    this.#pieces = [];
    this.#length = 0;
    yield* all;
  }
}
