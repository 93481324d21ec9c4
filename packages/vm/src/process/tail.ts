/** Most characters of output that an error carries. */
export const TAIL_BYTES = 4096;

/** The last bytes of a stream, as text. */
export class TailBuffer {
  #kept: Buffer = Buffer.alloc(0);

  add(chunk: Uint8Array): void {
    const joined = Buffer.concat([this.#kept, chunk]);
    this.#kept = joined.subarray(Math.max(0, joined.length - TAIL_BYTES));
  }

  get text(): string {
    return printable(this.#kept.toString("utf8"));
  }
}

/** A guest chooses its console's bytes: what would steer the reader's terminal is taken out. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, "").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}
