import type { Part } from "./lines.ts";

/** More of a line than this says nothing of a panic. */
const MAX_LINE_BYTES = 256;

/**
 * Looks among the lines of a guest's console for the one with which its kernel says that it gives up: native/vm-host/src/log/panic.rs.
 * The guest's root can write such a line, too.
 */
export class PanicWatch {
  #line = Buffer.alloc(0);
  #found: string | undefined;

  /** Takes a line, or a part of one. */
  take({ bytes, partial }: Part): void {
    this.#line = Buffer.concat([this.#line, bytes.subarray(0, MAX_LINE_BYTES - this.#line.length)]);
    if (!partial) this.#end();
  }

  /** What the kernel said last, a line without an end included. */
  finish(): string | undefined {
    this.#end();
    return this.#found;
  }

  #end(): void {
    this.#found = reason(this.#line.toString()) ?? this.#found;
    this.#line = Buffer.alloc(0);
  }
}

/** Behind the kernel's time, where it says one: `[    0.914125] `. */
function reason(line: string): string | undefined {
  const said = /^(?:\[[ .\d]*\] )?Kernel panic - not syncing: (.+)$/s.exec(line)?.[1]?.replace(/\p{Cc}/gu, "");
  return said === "" ? undefined : said;
}
