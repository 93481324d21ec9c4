import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { logFile, numbersOf } from "../../log/log-files.ts";

/** How much of a log is kept. */
export interface SegmentLimits {
  /** Of one file. */
  readonly maxBytes: number;
  /** With the one that is being written. */
  readonly files: number;
}

/** Numbered files, of which the oldest go when there are too many. A file never changes its name. */
export class Segments {
  readonly #path: string;
  readonly #limits: SegmentLimits;
  #number: number;
  #fd: number;
  #length: number;

  /** Goes on in the newest file, unless its last record was cut off. */
  constructor(path: string, limits: SegmentLimits) {
    const numbers = numbersOf(path, readdirSync(dirname(path)));
    this.#path = path;
    this.#limits = limits;
    this.#number = numbers.at(-1) ?? 1;
    this.#fd = open(logFile(path, this.#number));
    this.#length = fstatSync(this.#fd).size;
    if (!endsALine(this.#fd, this.#length)) this.#rotate();
    for (const number of numbers) this.#removeIfOld(number);
  }

  /** Writes all of it, or nothing and throws. */
  append(records: string): void {
    const bytes = Buffer.from(records);
    if (this.#length > 0 && this.#length + bytes.length > this.#limits.maxBytes) this.#rotate();
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
    } catch (error) {
      ftruncateSync(this.#fd, this.#length);
      throw error;
    }
    this.#length += bytes.length;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #rotate(): void {
    const next = open(logFile(this.#path, this.#number + 1), constants.O_EXCL);
    // Whoever waits for changes of this file learns from it that there is a next one. It needs no space.
    fchmodSync(this.#fd, 0o400);
    closeSync(this.#fd);
    this.#fd = next;
    this.#length = 0;
    this.#number += 1;
    this.#removeIfOld(this.#number - this.#limits.files);
  }

  #removeIfOld(number: number): void {
    if (number > 0 && number + this.#limits.files <= this.#number) rmSync(logFile(this.#path, number), { force: true });
  }
}

function open(path: string, more = 0): number {
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | more;
  return openSync(path, flags, 0o600);
}

function endsALine(fd: number, length: number): boolean {
  if (length === 0) return true;
  const last = Buffer.alloc(1);
  readSync(fd, last, 0, 1, length - 1);
  return last.toString() === "\n";
}
