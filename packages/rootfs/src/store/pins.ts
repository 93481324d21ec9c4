import { mkdir, open, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory, unlessMissing } from "@a3s/core";

/**
 * Holds that outlive processes: what an owner has pinned stays until it is unpinned, restarts of the machine included. Each is an empty file
 * `NAME/OWNER`. They are made, counted and removed under the lock of the store that they belong to; names and owners are file names.
 */
export class Pins {
  readonly #directory: string;

  /** @param directory absolute path; made with the first pin. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Pins a name for an owner, who may have it already. It is on disk when this resolves. */
  async pin(name: string, owner: string): Promise<void> {
    const directory = join(this.#directory, name);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await (await open(join(directory, owner), "a", 0o600)).close();
    for (const each of [directory, this.#directory]) await syncDirectory(each);
  }

  /** How many owners have it. */
  async count(name: string): Promise<number> {
    return (await this.#owners(name)).length;
  }

  /** Gives up all that an owner has; answers their names. */
  async unpin(owner: string): Promise<readonly string[]> {
    const given: string[] = [];
    for (const name of await this.#names()) {
      const owners = await this.#owners(name);
      if (!owners.includes(owner)) continue;
      await rm(join(this.#directory, name, owner), { force: true });
      if (owners.length === 1) await rmdir(join(this.#directory, name));
      given.push(name);
    }
    return given;
  }

  /** All who have pinned something. */
  async owners(): Promise<ReadonlySet<string>> {
    const owners = new Set<string>();
    for (const name of await this.#names()) for (const owner of await this.#owners(name)) owners.add(owner);
    return owners;
  }

  async #names(): Promise<readonly string[]> {
    return (await unlessMissing(readdir(this.#directory))) ?? [];
  }

  async #owners(name: string): Promise<readonly string[]> {
    return (await unlessMissing(readdir(join(this.#directory, name)))) ?? [];
  }
}
