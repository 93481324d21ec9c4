import { closeSync, constants, openSync, readdirSync, renameSync } from "node:fs";
import { basename, dirname } from "node:path";
import { type ByteString, byteString } from "../bytes/byte-string.ts";
import { chmodAt, openDirectoryAt, pathAt, removeDirectoryAt, unlinkAt } from "../posix/at.ts";
import { errnoCode } from "../posix/errno.ts";

const FILES_PER_TURN = 1000;
/** Directories that are open at a time. */
const MAX_DEPTH = 128;

/**
 * Removes a directory and all below it, which may hold anything that an image or a guest brought: directories that shut their owner out,
 * paths longer than a system call takes, more levels than a process may have files open. No symbolic link is followed. A directory
 * that does not exist is fine.
 *
 * @throws the system's error, the signal's reason; part of the tree may be gone then.
 */
export async function removeTree(path: string, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const parent = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  const name = byteString(Buffer.from(basename(path)));
  try {
    const top = openOwn(parent, name);
    try {
      await new Emptying(top, signal).run();
    } finally {
      closeSync(top);
    }
    removeDirectoryAt(parent, name);
  } catch (error) {
    if (errnoCode(error) !== "ENOENT") throw error;
  } finally {
    closeSync(parent);
  }
}

/** Empties a directory. What is too deep in it is moved up into it first. */
class Emptying {
  readonly #top: number;
  readonly #signal: AbortSignal | undefined;
  readonly #movedUp: ByteString[] = [];
  #moves = 0;
  #files = 0;

  constructor(top: number, signal: AbortSignal | undefined) {
    this.#top = top;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    await this.#empty(this.#top, 0);
    for (let name = this.#movedUp.pop(); name !== undefined; name = this.#movedUp.pop()) {
      await this.#removeDirectory(this.#top, name, 1);
    }
  }

  async #removeDirectory(parent: number, name: ByteString, depth: number): Promise<void> {
    const descriptor = openOwn(parent, name);
    try {
      await this.#empty(descriptor, depth);
    } finally {
      closeSync(descriptor);
    }
    removeDirectoryAt(parent, name);
  }

  async #empty(directory: number, depth: number): Promise<void> {
    // latin1 gives names as the bytes they are.
    const entries = readdirSync(`/proc/self/fd/${directory}`, { withFileTypes: true, encoding: "latin1" });
    for (const entry of entries) {
      if (!entry.isDirectory()) unlinkAt(directory, entry.name);
      else if (depth < MAX_DEPTH) await this.#removeDirectory(directory, entry.name, depth + 1);
      else this.#moveUp(directory, entry.name);
      this.#files++;
      if (this.#files % FILES_PER_TURN !== 0) continue;
      await new Promise((resolve) => setImmediate(resolve));
      this.#signal?.throwIfAborted();
    }
  }

  #moveUp(directory: number, name: ByteString): void {
    for (;;) {
      const place = `moved-up-${this.#moves++}`;
      try {
        renameSync(pathAt(directory, name), pathAt(this.#top, place));
        this.#movedUp.push(place);
        return;
      } catch (error) {
        // Something of the tree's own has that name.
        if (!["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(errnoCode(error) ?? "")) throw error;
      }
    }
  }
}

/** Opens a directory for emptying it, whatever its mode. */
function openOwn(parent: number, name: ByteString): number {
  if (process.geteuid?.() !== 0) chmodIgnoringAbsence(parent, name);
  return openDirectoryAt(parent, name);
}

function chmodIgnoringAbsence(parent: number, name: ByteString): void {
  try {
    chmodAt(parent, name, 0o700);
  } catch (error) {
    if (errnoCode(error) !== "ENOENT") throw error;
  }
}
