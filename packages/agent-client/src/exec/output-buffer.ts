const FIRST_BYTES = 4096;

/**
 * Collects output up to a limit; the rest is dropped and noted. Bytes are copied: a piece of output is a view into a
 * larger read, and a guest that writes single bytes must not make us keep all of those.
 */
export class OutputBuffer {
  readonly #maxBytes: number;
  #bytes = new Uint8Array(0);
  #length = 0;
  #truncated = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether bytes were dropped. */
  get truncated(): boolean {
    return this.#truncated;
  }

  push(data: Uint8Array): void {
    const taken = Math.min(data.length, this.#maxBytes - this.#length);
    if (taken < data.length) this.#truncated = true;
    if (taken === 0) return;
    this.#reserve(this.#length + taken);
    this.#bytes.set(data.subarray(0, taken), this.#length);
    this.#length += taken;
  }

  /** What was collected. */
  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.min(this.#maxBytes, Math.max(length, this.#bytes.length * 2, FIRST_BYTES)));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
