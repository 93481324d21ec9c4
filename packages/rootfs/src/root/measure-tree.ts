import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readdirSync } from "node:fs";
import type { ByteString } from "../bytes/byte-string.ts";
import { openDirectoryAt, pathAt } from "../posix/at.ts";
import { errnoCode } from "../posix/errno.ts";
import { FILE_COST_BYTES, type Pace, startPace } from "./pace.ts";

/** Directories that are open at a time. */
const MAX_DEPTH = 256;
const BLOCK_BYTES = 512;

/** What a tree takes on disk. */
export interface TreeSize {
  /** Bytes of its blocks, each inode once. */
  readonly diskBytes: number;
  /** Names in it, without its own. */
  readonly entries: number;
}

/**
 * Measures a directory and all below it, without following a link. It may change meanwhile: what goes away counts or does not. What lies
 * below its 256th level, or may not be read, does not count.
 *
 * @throws the signal's reason; the system's error when the directory cannot be opened.
 */
export async function measureTree(
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<TreeSize> {
  const top = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const measurement = new Measurement(startPace(signal));
    measurement.count(fstatSync(top, { bigint: true }));
    await measurement.directory(top, 0);
    const { diskBytes, entries } = measurement;
    return { diskBytes, entries };
  } finally {
    closeSync(top);
  }
}

class Measurement {
  diskBytes = 0;
  entries = 0;
  readonly #pace: Pace;
  /** Inodes with several names. */
  readonly #seen = new Set<string>();

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  async directory(descriptor: number, depth: number): Promise<void> {
    // latin1 gives names as the bytes they are.
    for (const name of readdirSync(`/proc/self/fd/${descriptor}`, "latin1")) {
      await this.#pace(FILE_COST_BYTES);
      const found = unlessGone(() => lstatSync(pathAt(descriptor, name), { bigint: true }));
      if (found === undefined) continue;
      this.entries++;
      this.count(found);
      if (found.isDirectory() && depth < MAX_DEPTH) await this.#enter(descriptor, name, depth);
    }
  }

  async #enter(parent: number, name: ByteString, depth: number): Promise<void> {
    const descriptor = unlessGone(() => openDirectoryAt(parent, name));
    if (descriptor === undefined) return;
    try {
      await this.directory(descriptor, depth + 1);
    } finally {
      closeSync(descriptor);
    }
  }

  count({ dev, ino, nlink, blocks }: BigIntStats): void {
    if (nlink > 1n) {
      const inode = `${dev}:${ino}`;
      if (this.#seen.has(inode)) return;
      this.#seen.add(inode);
    }
    this.diskBytes += Number(blocks) * BLOCK_BYTES;
  }
}

function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ELOOP", "EACCES", "EPERM"].includes(errnoCode(error) ?? "")) return undefined;
    throw error;
  }
}
