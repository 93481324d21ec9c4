import { isUtf8 } from "node:buffer";

/** A longer line is written in parts, so that neither writer nor reader ever holds more. */
export const MAX_PART_BYTES = 16 * 1024;
const NEWLINE = 0x0a;

/** A line without its newline, or a piece of one. */
export interface Part {
  readonly bytes: Buffer;
  /** The line goes on in the next part. */
  readonly partial: boolean;
}

/** Cuts a stream into lines. */
export class Lines {
  #begun: Buffer = Buffer.alloc(0);
  #lines = 0;
  #waiting = false;

  /** Which line has begun and waits for its end, by its number; undefined when none does. */
  get waiting(): number | undefined {
    return this.#waiting ? this.#lines : undefined;
  }

  /** Each finished line, and pieces of a line that is too long. */
  push(chunk: Buffer): readonly Part[] {
    const parts: Part[] = [];
    for (let from = 0; from < chunk.length; ) {
      const newline = chunk.indexOf(NEWLINE, from);
      const end = newline < 0 ? chunk.length : newline;
      this.#begun = Buffer.concat([this.#begun, chunk.subarray(from, end)]);
      while (this.#begun.length > MAX_PART_BYTES) parts.push({ bytes: this.#cut(), partial: true });
      if (newline < 0) this.#waiting = true;
      else parts.push({ bytes: this.#end(), partial: false });
      from = end + 1;
    }
    return parts;
  }

  /** The beginning of a line, as far as it is there. An unfinished character goes with it: it may never be finished. */
  flush(): readonly Part[] {
    if (!this.#waiting) return [];
    const bytes = this.#end();
    return bytes.length === 0 ? [] : [{ bytes, partial: true }];
  }

  #end(): Buffer {
    const bytes = this.#begun;
    this.#begun = Buffer.alloc(0);
    this.#waiting = false;
    this.#lines += 1;
    return bytes;
  }

  #cut(): Buffer {
    const at = wholeCharacters(this.#begun.subarray(0, MAX_PART_BYTES));
    const bytes = this.#begun.subarray(0, at);
    this.#begun = this.#begun.subarray(at);
    return bytes;
  }
}

/** How many of the bytes to take so that no character is cut, when they are UTF-8 at all. */
function wholeCharacters(bytes: Buffer): number {
  // RFC 3629: a character has at most three bytes behind its first, and they begin with the bits 10.
  for (let first = bytes.length - 1; first >= Math.max(1, bytes.length - 3); first--) {
    const byte = bytes[first] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    const isCut = first + length > bytes.length;
    return isCut && isUtf8(bytes.subarray(0, first)) ? first : bytes.length;
  }
  return bytes.length;
}
