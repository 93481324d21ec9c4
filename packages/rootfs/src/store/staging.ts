import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { tryFlock, unlessMissing } from "@a3s/core";
import { removeTree } from "../root/remove-tree.ts";
import { newName } from "./new-name.ts";

/** A directory of this process; disposing of it removes what is at its path then. */
export interface StagedDirectory extends AsyncDisposable {
  readonly path: string;
}

/**
 * Directories that are being built, and old ones on their way out. Whoever has one holds flock(2) on it, so that those of dead
 * processes are known. They belong beside what they become, because renaming works within one file system only.
 */
export class Staging {
  readonly #directory: string;

  /** @param directory absolute path; it has to be there before the first call. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A new, empty directory. */
  async create(): Promise<StagedDirectory> {
    for (;;) {
      const path = join(this.#directory, newName());
      await mkdir(path, { mode: 0o700 });
      // A sweep may find it before it is locked, and remove it.
      const lock = await unlessMissing(openDirectory(path));
      if (lock === undefined) continue;
      if (tryFlock(lock) && (await lock.stat()).nlink > 0) return staged(path, lock);
      await lock.close();
    }
  }

  /** Moves a directory out of sight; undefined when it does not exist. */
  async take(path: string): Promise<StagedDirectory | undefined> {
    const lock = await unlessMissing(openDirectory(path));
    if (lock === undefined) return undefined;
    const grave = join(this.#directory, newName());
    try {
      // Whoever has just published it may hold it still, and will remove nothing of it.
      tryFlock(lock);
      await rename(path, grave);
    } catch (error) {
      await lock.close();
      throw error;
    }
    return staged(grave, lock);
  }

  /** Removes what dead processes left. */
  async sweep(signal?: AbortSignal): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const path = join(this.#directory, name);
      await using lock = await unlessMissing(openDirectory(path));
      if (lock !== undefined && tryFlock(lock)) await removeTree(path, signal);
    }
  }
}

function staged(path: string, lock: FileHandle): StagedDirectory {
  return {
    path,
    async [Symbol.asyncDispose]() {
      await using _lock = lock;
      await removeTree(path);
    },
  };
}

function openDirectory(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}
