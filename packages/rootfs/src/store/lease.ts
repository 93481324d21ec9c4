import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "@a3s/core";
import { isAlive, ownIdentity } from "./process-identity.ts";

/** Keeps a root from being removed until it is disposed of, or its process ends. */
export interface RootLease extends AsyncDisposable {
  readonly chainId: Digest;
  /** The root directory. */
  readonly path: string;
}

let counter = 0;

/** Marks of living processes on one root: empty files named after them. */
export class LeaseMarks {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Sets a mark; the answer takes it away. */
  async set(): Promise<() => Promise<void>> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    counter++;
    const path = join(this.#directory, `${ownIdentity()}.${counter}`);
    await (await open(path, "wx", 0o600)).close();
    return () => rm(path, { force: true });
  }

  /** Whether a living process holds a mark. Marks of dead ones are removed. */
  async held(): Promise<boolean> {
    let held = false;
    for (const name of await this.#names()) {
      const [identity = ""] = name.split(".");
      if (isAlive(identity)) held = true;
      else await rm(join(this.#directory, name), { force: true });
    }
    return held;
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await readdir(this.#directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }
}
