/** Size in characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Where a terminal leads to: what is typed, shown and interrupted. */
export interface TerminalEnds {
  /** A line, or in raw mode bytes, for the program. */
  readonly typed: (bytes: Uint8Array) => Promise<void>;
  readonly endOfFile: () => void;
  readonly shown: (bytes: Uint8Array) => Promise<void>;
  readonly interrupt: () => void;
}

const INTERRUPT = 0x03;
const END_OF_FILE = 0x04;
const RETURN = 0x0d;
const NEWLINE = 0x0a;

/** A terminal's line discipline, as far as the double has it: echo, lines, Ctrl-C, Ctrl-D, raw mode. */
export class Terminal {
  /** Characters that are typed are shown. */
  echo = true;
  /** Bytes pass as they are, in both directions. */
  raw = false;
  size: Size;
  readonly name: string;
  readonly #ends: TerminalEnds;
  #line: number[] = [];

  constructor(name: string, size: Size, ends: TerminalEnds) {
    this.name = name;
    this.size = size;
    this.#ends = ends;
  }

  /** Shows a program's output. */
  show(bytes: Uint8Array): Promise<void> {
    return this.#ends.shown(this.raw ? bytes : withReturns(bytes));
  }

  /** Takes what a person types. */
  async type(bytes: Uint8Array): Promise<void> {
    if (this.raw) return await this.#ends.typed(bytes);
    for (const byte of bytes) {
      if (byte === INTERRUPT) {
        this.#line = [];
        await this.#show(Buffer.from("^C\r\n"));
        this.#ends.interrupt();
      } else if (byte === END_OF_FILE) {
        if (this.#line.length === 0) this.#ends.endOfFile();
        else await this.#enter();
      } else {
        const character = byte === RETURN ? NEWLINE : byte;
        this.#line.push(character);
        await this.#show(withReturns(Uint8Array.of(character)));
        if (character === NEWLINE) await this.#enter();
      }
    }
  }

  /** Types the end-of-file character until it is one. */
  async close(): Promise<void> {
    if (this.#line.length > 0) await this.#enter();
    this.#ends.endOfFile();
  }

  async #enter(): Promise<void> {
    const line = Uint8Array.from(this.#line);
    this.#line = [];
    await this.#ends.typed(line);
  }

  async #show(bytes: Uint8Array): Promise<void> {
    if (this.echo) await this.#ends.shown(bytes);
  }
}

function withReturns(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(NEWLINE)) return bytes;
  return Uint8Array.from([...bytes].flatMap((byte) => (byte === NEWLINE ? [RETURN, NEWLINE] : [byte])));
}
