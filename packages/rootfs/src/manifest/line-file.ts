import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import type { Digest } from "@a3s/core";

const PIECE_CHARACTERS = 128 * 1024;

/** A new file of JSON values, one a line, that knows its digest. */
export class LineFile implements Disposable {
  readonly #descriptor: number;
  readonly #hash = createHash("sha256");
  #pending = "";

  constructor(path: string) {
    this.#descriptor = openSync(path, "wx", 0o600);
  }

  write(value: object): void {
    this.#pending += `${JSON.stringify(value)}\n`;
    if (this.#pending.length >= PIECE_CHARACTERS) this.#flush();
  }

  /** Writes what is left. Syncing it to disk is left to the caller. */
  finish(): Digest {
    this.#flush();
    return `sha256:${this.#hash.digest("hex")}`;
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }

  #flush(): void {
    const bytes = Buffer.from(this.#pending);
    this.#pending = "";
    this.#hash.update(bytes);
    for (let offset = 0; offset < bytes.length; ) {
      offset += writeSync(this.#descriptor, bytes, offset, bytes.length - offset);
    }
  }
}
