import { closeSync, constants, fsyncSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { syncDirectory } from "@a3s/core";

/** More than a record takes. */
const RESERVED_BYTES = 4096;

/**
 * A file that is written at the end of it all, and has its space from the beginning: a disk that is full by then does not keep it from being
 * written. Until then it lies beside its place, as `PATH.tmp`.
 */
export class ReservedFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #fd: number;

  constructor(path: string) {
    this.#path = path;
    this.#temporary = `${path}.tmp`;
    const flags = constants.O_CREAT | constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW;
    this.#fd = openSync(this.#temporary, flags, 0o600);
    this.#orDiscard(() => writeSync(this.#fd, Buffer.alloc(RESERVED_BYTES, " "), 0, RESERVED_BYTES, 0));
  }

  /** Readers see no file or a whole one, also after a power loss. */
  async publish(content: string): Promise<void> {
    const bytes = Buffer.from(content);
    this.#orDiscard(() => {
      writeSync(this.#fd, bytes, 0, bytes.length, 0);
      ftruncateSync(this.#fd, bytes.length);
      fsyncSync(this.#fd);
      closeSync(this.#fd);
      renameSync(this.#temporary, this.#path);
    });
    await syncDirectory(dirname(this.#path));
  }

  #orDiscard(work: () => void): void {
    try {
      work();
    } catch (error) {
      rmSync(this.#temporary, { force: true });
      throw error;
    }
  }
}
