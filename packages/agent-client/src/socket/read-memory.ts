/** What is allocated at once: as much as a Unix socket holds, so that what has come by now is one read. */
const BLOCK_BYTES = 256 * 1024;
/** A rest of a block that is too small to be worth a read. */
const SMALL_BYTES = 64 * 1024;

/** Memory that is read into and then belongs to whoever takes it. Reads share a block, so that short ones do not take a long one's room. */
export class ReadMemory {
  #block = new Uint8Array(0);

  /** Room for the next read. */
  space(): Uint8Array {
    if (this.#block.length < SMALL_BYTES) this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    return this.#block;
  }

  /** The first bytes of the room. */
  take(count: number): Uint8Array {
    const taken = this.#block.subarray(0, count);
    this.#block = this.#block.subarray(count);
    return taken;
  }
}
