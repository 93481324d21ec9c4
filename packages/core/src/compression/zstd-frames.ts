/*
 * RFC 8878. A stream may be many frames one after another (zstd:chunked, pzstd), with skippable frames between them; the decoder of
 * node:zlib stops after the first. Frames are therefore cut here, by their headers alone.
 */

const MAGIC = 0xfd2fb528;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];

/** Cuts a zstd stream into frames. */
export class ZstdFrames {
  readonly #source: AsyncIterator<Buffer>;
  #pending: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Goes to the next frame of data, over skippable ones; false at the end of the stream. */
  async next(): Promise<boolean> {
    for (;;) {
      if (this.#pending.length === 0 && !(await this.#more())) return false;
      await this.#need(4);
      const magic = this.#pending.readUInt32LE(0);
      if (magic === MAGIC) return true;
      if ((magic & 0xfffffff0) >>> 0 !== 0x184d2a50) throw broken("is followed by something else");
      await this.#need(8);
      const size = this.#pending.readUInt32LE(4);
      this.#take(8);
      for await (const _ of this.#pass(size));
    }
  }

  /** The bytes of the frame that `next` found, to its end. */
  async *frame(): AsyncGenerator<Buffer> {
    await this.#need(5);
    const descriptor = this.#pending[4] as number;
    const singleSegment = (descriptor & 0x20) !== 0;
    const sizeFlag = descriptor >> 6;
    const headerBytes =
      5 +
      (singleSegment ? 0 : 1) +
      (DICTIONARY_ID_BYTES[descriptor & 3] as number) +
      (sizeFlag === 0 && singleSegment ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] as number));
    await this.#need(headerBytes);
    yield this.#take(headerBytes);
    for (let last = false; !last; ) {
      await this.#need(3);
      const block = this.#pending.readUIntLE(0, 3);
      last = (block & 1) === 1;
      const isRunLength = ((block >> 1) & 3) === 1;
      yield this.#take(3);
      yield* this.#pass(isRunLength ? 1 : block >> 3);
    }
    if ((descriptor & 4) !== 0) yield* this.#pass(4);
  }

  async *#pass(bytes: number): AsyncGenerator<Buffer> {
    for (let left = bytes; left > 0; ) {
      if (this.#pending.length === 0 && !(await this.#more())) throw broken("is cut off");
      const piece = this.#take(Math.min(left, this.#pending.length));
      left -= piece.length;
      yield piece;
    }
  }

  #take(bytes: number): Buffer {
    const taken = this.#pending.subarray(0, bytes);
    this.#pending = this.#pending.subarray(bytes);
    return taken;
  }

  async #need(bytes: number): Promise<void> {
    while (this.#pending.length < bytes) if (!(await this.#more())) throw broken("is cut off");
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#source.next();
    if (done === true) return false;
    this.#pending = this.#pending.length === 0 ? value : Buffer.concat([this.#pending, value]);
    return true;
  }
}

/** Shaped like an error of node:zlib. */
function broken(what: string): Error {
  return Object.assign(new Error(`a frame ${what}`), { code: "ZSTD_FRAME_BROKEN" });
}
