/**
 * Finds the marker that ends a stream, however the stream is cut into chunks. Bytes that could be the start of the
 * marker are held back until it is certain that they are not.
 */
export class EndMarker {
  readonly #marker: Buffer;
  #held = Buffer.alloc(0);
  #found = false;

  constructor(marker: string) {
    this.#marker = Buffer.from(marker);
  }

  /** Whether the marker has come: the stream is complete. */
  get found(): boolean {
    return this.#found;
  }

  /** The bytes that may be passed on now. */
  push(chunk: Uint8Array): Buffer {
    if (this.#found) return Buffer.alloc(0);
    const bytes = Buffer.concat([this.#held, chunk]);
    const at = bytes.indexOf(this.#marker);
    this.#found = at >= 0;
    const end = this.#found ? at : bytes.length - this.#possibleStart(bytes);
    this.#held = bytes.subarray(end);
    return bytes.subarray(0, end);
  }

  /** What was held back, for a stream that ends without its marker. */
  rest(): Buffer {
    return this.#found ? Buffer.alloc(0) : this.#held;
  }

  /** Length of the longest end of `bytes` that is a start of the marker. */
  #possibleStart(bytes: Buffer): number {
    for (let length = Math.min(bytes.length, this.#marker.length - 1); length > 0; length -= 1) {
      if (bytes.subarray(bytes.length - length).equals(this.#marker.subarray(0, length))) return length;
    }
    return 0;
  }
}
