import { isUtf8 } from "node:buffer";

/** A longer line is written in parts, so that neither writer nor reader ever holds more. */
const MAX_PART_BYTES = 16 * 1024;

/** A line without its newline, or with `partial` a piece of one. */
export interface LinePart {
  readonly bytes: Buffer;
  readonly partial: boolean;
}

/** Cuts a stream into lines. */
export class Lines {
  #begun: Buffer = Buffer.alloc(0);
  #waiting = false;

  /** The lines that are finished now, and pieces of one that is too long. */
  push(chunk: Buffer): LinePart[] {
    const parts: LinePart[] = [];
    let rest = chunk;
    while (rest.length > 0) {
      const end = rest.indexOf("\n");
      const begun = Buffer.concat([this.#begun, end < 0 ? rest : rest.subarray(0, end)]);
      this.#begun = cutLong(begun, parts);
      if (end < 0) {
        this.#waiting = true;
        break;
      }
      parts.push({ bytes: this.#begun, partial: false });
      this.#begun = Buffer.alloc(0);
      this.#waiting = false;
      rest = rest.subarray(end + 1);
    }
    return parts;
  }

  /** Whether there is the beginning of a line. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** The beginning of a line, as far as it is there. An unfinished character goes with it: it may never be finished. */
  flush(): LinePart[] {
    const bytes = this.#begun;
    this.#begun = Buffer.alloc(0);
    this.#waiting = false;
    return bytes.length === 0 ? [] : [{ bytes, partial: true }];
  }
}

function cutLong(bytes: Buffer, parts: LinePart[]): Buffer {
  let rest = bytes;
  while (rest.length > MAX_PART_BYTES) {
    const cut = wholeCharacters(rest.subarray(0, MAX_PART_BYTES));
    parts.push({ bytes: rest.subarray(0, cut), partial: true });
    rest = rest.subarray(cut);
  }
  return rest;
}

/** How many of the bytes to take so that no character is cut, when they are UTF-8 at all. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back < bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    const before = bytes.length - back;
    return length > back && isUtf8(bytes.subarray(0, before)) ? before : bytes.length;
  }
  return bytes.length;
}
