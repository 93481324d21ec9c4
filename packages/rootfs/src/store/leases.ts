import { mkdir, open, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { tryFlock, unlessMissing } from "@a3s/core";
import { newName } from "./new-name.ts";

/**
 * Leases on directories of the store: files that their processes hold flock(2) on, so that a lease ends with its process. They are
 * made, counted and swept under the lock of the store.
 */
export class Leases {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Under the lock of the store; what it answers releases the lease and needs no lock. */
  async hold(name: string): Promise<() => Promise<void>> {
    const directory = join(this.#directory, name);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, newName());
    const file = await open(path, "wx", 0o600);
    let released: Promise<void> | undefined;
    const end = async () => {
      await rm(path, { force: true });
      await file.close();
    };
    try {
      if (!tryFlock(file)) throw new Error(`The new file ${path} is locked`);
    } catch (error) {
      await end();
      throw error;
    }
    return () => {
      released ??= end();
      return released;
    };
  }

  /** Leases of living processes; files of dead ones are removed. Under the lock of the store. */
  async count(name: string): Promise<number> {
    const directory = join(this.#directory, name);
    let living = 0;
    for (const file of (await unlessMissing(readdir(directory))) ?? []) {
      if (await isHeld(join(directory, file))) living++;
    }
    return living;
  }

  /** Removes what dead processes left. Under the lock of the store. */
  async sweep(): Promise<void> {
    for (const name of (await unlessMissing(readdir(this.#directory))) ?? []) {
      if ((await this.count(name)) === 0) await rmdir(join(this.#directory, name));
    }
  }
}

async function isHeld(path: string): Promise<boolean> {
  await using file = await unlessMissing(open(path, "r"));
  // Released at this moment.
  if (file === undefined) return false;
  if (!tryFlock(file)) return true;
  await rm(path, { force: true });
  return false;
}
