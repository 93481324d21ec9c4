/** Bytes up to which pieces that wait are put together, by a copy. */
const SMALL_BYTES = 4 * 1024;

/**
 * Pieces of content that wait. Small ones become one, as each costs memory beside its bytes: what is sent byte by byte would take a
 * hundred times its size.
 */
export class PieceQueue {
  readonly #pieces: Uint8Array[] = [];
  /** Memory of the last piece, where that was put together. */
  #block: Uint8Array | undefined;

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  push(piece: Uint8Array): void {
    const last = this.#pieces.at(-1);
    if (last === undefined || last.length + piece.length > SMALL_BYTES) this.#pieces.push(piece);
    else this.#pieces[this.#pieces.length - 1] = this.#joined(last, piece);
  }

  shift(): Uint8Array | undefined {
    return this.#pieces.shift();
  }

  clear(): void {
    this.#pieces.length = 0;
  }

  #joined(last: Uint8Array, piece: Uint8Array): Uint8Array {
    let block = this.#block;
    if (block === undefined || block.buffer !== last.buffer) {
      block = Buffer.allocUnsafeSlow(SMALL_BYTES);
      block.set(last);
      this.#block = block;
    }
    block.set(piece, last.length);
    return block.subarray(0, last.length + piece.length);
  }
}
