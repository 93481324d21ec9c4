import { closeSync, constants, fsyncSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path/posix";

/** More than a record takes. */
const RESERVED_BYTES = 4096;
const { O_CREAT, O_WRONLY, O_TRUNC, O_NOFOLLOW, O_RDONLY } = constants;

/**
 * A file that is written at the end of it all, and has its space from the beginning: a disk that is full by then does
 * not keep it from being written. Until then it lies beside its place, as `PATH.tmp`.
 */
export class ReservedFile {
  readonly #path: string;
  readonly #fd: number;

  /** Takes the space. */
  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(this.#temporary, O_CREAT | O_WRONLY | O_TRUNC | O_NOFOLLOW, 0o600);
    this.#orDiscard(() => writeWhole(this.#fd, Buffer.alloc(RESERVED_BYTES, " ")));
  }

  get #temporary(): string {
    return `${this.#path}.tmp`;
  }

  /** Readers see no file or a whole one, also after a power loss. */
  publish(content: string): void {
    const bytes = Buffer.from(content);
    this.#orDiscard(() => {
      writeWhole(this.#fd, bytes);
      ftruncateSync(this.#fd, bytes.length);
      fsyncSync(this.#fd);
      renameSync(this.#temporary, this.#path);
    });
    closeSync(this.#fd);
    syncDirectoryOf(this.#path);
  }

  #orDiscard(write: () => void): void {
    try {
      write();
    } catch (error) {
      rmSync(this.#temporary, { force: true });
      throw error;
    }
  }
}

/** Makes a file whole or not at all. */
export function writeSynced(path: string, content: string): void {
  new ReservedFile(path).publish(content);
}

/** From the file's beginning. */
function writeWhole(fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, done);
}

function syncDirectoryOf(path: string): void {
  const directory = openSync(dirname(path), O_RDONLY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
