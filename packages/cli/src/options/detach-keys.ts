import { InvalidArgumentError } from "commander";

/** docker's own keys to leave a box and let it run. */
export const DEFAULT_DETACH_KEYS = "ctrl-p,ctrl-q";

/** Keys as docker has them: letters, or `ctrl-` and one of `a-z@[\]^_`, with commas between them. */
export function parseDetachKeys(text: string): Uint8Array {
  return Uint8Array.from(text.split(",").map((key) => byteOf(key, text)));
}

function byteOf(key: string, text: string): number {
  const [, letter] = /^ctrl-([a-z@[\\\]^_])$/i.exec(key) ?? [];
  if (letter !== undefined) return letter.toUpperCase().charCodeAt(0) & 0x1f;
  if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
  throw new InvalidArgumentError(`${JSON.stringify(text)} is not a list of keys such as ctrl-p,ctrl-q`);
}

/** Looks for the keys among what is typed. What could be their beginning is held back until the next key shows. */
export class DetachKeys {
  readonly #keys: Uint8Array;
  #seen = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What of the typed bytes goes to the box, and whether the keys were there; nothing behind them goes anywhere. */
  take(typed: Uint8Array): { readonly bytes: Uint8Array; readonly detached: boolean } {
    const bytes: number[] = [];
    for (const byte of typed) {
      while (this.#seen > 0 && byte !== this.#keys[this.#seen]) this.#release(bytes);
      if (byte !== this.#keys[this.#seen]) bytes.push(byte);
      else if (++this.#seen === this.#keys.length) return { bytes: Uint8Array.from(bytes), detached: true };
    }
    return { bytes: Uint8Array.from(bytes), detached: false };
  }

  /** Lets go of as little of what was held back as makes the rest a beginning of the keys again. */
  #release(bytes: number[]): void {
    const held = this.#keys.subarray(0, this.#seen);
    let drop = 1;
    while (!held.subarray(drop).every((byte, index) => byte === this.#keys[index])) drop++;
    bytes.push(...held.subarray(0, drop));
    this.#seen -= drop;
  }
}
