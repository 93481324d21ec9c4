import type { FileHandle } from "node:fs/promises";

/**
 * Starts writing files back to the disk while more of them comes in, so that the fsync at the end has little left to do. One file at
 * a time: each write-back takes a thread of libuv's pool, which the writes need as well.
 */
export class WriteBack {
  #busy = false;

  /** Starts unless another one is under way. The file must stay open until the promise settles, and a rejection means lost bytes. */
  start(file: FileHandle): Promise<void> | undefined {
    if (this.#busy) return undefined;
    this.#busy = true;
    return file.datasync().finally(() => {
      this.#busy = false;
    });
  }
}
