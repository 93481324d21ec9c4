import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "../root/remove-tree.ts";
import { isAlive, ownIdentity } from "./process-identity.ts";

/**
 * Directories that belong to one process: roots that are being built, and old ones on their way out. They are in the store's own
 * directory, because renaming works within one file system only.
 */
export class Staging {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Opens `directory`, which is made when it is missing, and removes what dead processes left. */
  static async open(directory: string): Promise<Staging> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const staging = new Staging(directory);
    await staging.#removeStale();
    return staging;
  }

  /** A path for a new directory of this process. */
  newPath(): string {
    return join(this.#directory, `${ownIdentity()}.${randomBytes(6).toString("hex")}`);
  }

  /** Takes a directory out of sight at once, then removes it. False when it does not exist. */
  async discard(path: string): Promise<boolean> {
    const grave = this.newPath();
    try {
      await rename(path, grave);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
    await removeTree(grave);
    return true;
  }

  async #removeStale(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const [identity = ""] = name.split(".");
      // Two processes may find the same one: removing what is gone is fine, and so is the other being faster within.
      if (!isAlive(identity)) await removeTree(join(this.#directory, name)).catch(() => {});
    }
  }
}
