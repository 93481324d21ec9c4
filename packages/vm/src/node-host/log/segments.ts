import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { logFile, logNumbers } from "../../log/log-files.ts";

/** Of one file, and of how many, with the one that is being written. */
export interface Limits {
  readonly maxBytes: number;
  readonly files: number;
}

const { O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
const NEWLINE = 0x0a;

/**
 * Numbered files, `PATH.000001` and up, of which the oldest go when there are too many. A file never changes its name,
 * so a reader that is behind finds its way by counting.
 */
export class Segments {
  readonly #path: string;
  readonly #limits: Limits;
  #number: number;
  #fd: number;
  #length: number;

  private constructor(path: string, limits: Limits, number: number, fd: number) {
    this.#path = path;
    this.#limits = limits;
    this.#number = number;
    this.#fd = fd;
    this.#length = fstatSync(fd).size;
  }

  /** Goes on in the newest file, unless its last record was cut off. */
  static async open(path: string, limits: Limits): Promise<Segments> {
    const numbers = await logNumbers(path);
    const number = numbers.at(-1) ?? 1;
    const segments = new Segments(path, limits, number, openForAppend(logFile(path, number), 0));
    if (!segments.#endsALine()) segments.#rotate();
    for (const old of numbers) segments.#removeIfOld(old);
    return segments;
  }

  /** Writes all of it or nothing. */
  append(records: Buffer): void {
    if (this.#length > 0 && this.#length + records.length > this.#limits.maxBytes) this.#rotate();
    try {
      for (let done = 0; done < records.length; ) done += writeSync(this.#fd, records, done);
    } catch (error) {
      ftruncateSync(this.#fd, this.#length);
      throw error;
    }
    this.#length += records.length;
  }

  #endsALine(): boolean {
    if (this.#length === 0) return true;
    const last = Buffer.alloc(1);
    readSync(this.#fd, last, 0, 1, this.#length - 1);
    return last[0] === NEWLINE;
  }

  #rotate(): void {
    const next = openForAppend(logFile(this.#path, this.#number + 1), O_EXCL);
    // Whoever waits for changes of this file learns from it that there is a next one. It needs no space.
    fchmodSync(this.#fd, 0o400);
    closeSync(this.#fd);
    this.#fd = next;
    this.#length = 0;
    this.#number += 1;
    this.#removeIfOld(this.#number - this.#limits.files);
  }

  #removeIfOld(number: number): void {
    if (number < 1 || number + this.#limits.files > this.#number) return;
    try {
      rmSync(logFile(this.#path, number), { force: true });
    } catch {
      // It counts again when the next one is made.
    }
  }
}

function openForAppend(path: string, more: number): number {
  return openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | more, 0o600);
}
