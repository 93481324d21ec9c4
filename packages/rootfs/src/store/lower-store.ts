import { mkdir, readdir, rename } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { type Digest, digestParts, isDigest, parseDigest, syncDirectory } from "@a3s/core";
import { RootfsError } from "../errors/rootfs-error.ts";
import { LeaseMarks, type RootLease } from "./lease.ts";
import { type RootManifest, readManifest } from "./manifest.ts";
import { Staging } from "./staging.ts";
import { inStore } from "./store-fault.ts";

/** A complete root in the store. */
export interface StoredRoot extends Omit<RootManifest, "version"> {
  /** The root directory; immutable, shared by everybody who uses the chain ID. */
  readonly path: string;
  /** What could not be set on disk, one JSON object a line; see `UnsetRecord`. */
  readonly unsetPath: string;
}

const MANIFEST = "manifest.json";
const ENTRY_NAME = /^(sha256|sha512)-([0-9a-f]+)$/;

/**
 * Immutable root directories by chain ID.
 *
 * ```ts
 * const store = await LowerStore.open(homeLayout().rootfs);
 * for (const root of await store.list()) console.log(root.chainId, root.path);
 * ```
 */
export class LowerStore {
  /** Absolute; the whole store is for its owner only, because roots hold setuid files and devices. */
  readonly directory: string;
  /** Roots that are being built or removed. */
  readonly staging: Staging;

  private constructor(directory: string, staging: Staging) {
    this.directory = directory;
    this.staging = staging;
  }

  /**
   * Opens the store in a directory, which is made when it is missing. Removes what processes left that died while building a root.
   *
   * @param directory absolute path.
   * @throws RootfsError `STORE_UNAVAILABLE`, `NO_SPACE`
   */
  static async open(directory: string): Promise<LowerStore> {
    if (!isAbsolute(directory)) {
      throw new RootfsError({
        code: "STORE_UNAVAILABLE",
        message: `The store's directory ${JSON.stringify(directory)} is not an absolute path`,
        hint: "Give an absolute path, for example homeLayout().rootfs.",
      });
    }
    const absolute = resolve(directory);
    return inStore(absolute, async () => {
      await mkdir(absolute, { recursive: true, mode: 0o700 });
      return new LowerStore(absolute, await Staging.open(join(absolute, ".staging")));
    });
  }

  /** Whether the store holds the complete root. @throws as {@link LowerStore.get} */
  async has(chainId: Digest): Promise<boolean> {
    return (await this.get(chainId)) !== undefined;
  }

  /** The complete root, or undefined. @throws RootfsError `STORE_CORRUPT`, `STORE_UNAVAILABLE` */
  async get(chainId: Digest): Promise<StoredRoot | undefined> {
    const entry = this.#entry(chainId);
    const manifest = await readManifest(join(entry, MANIFEST), chainId);
    if (manifest === undefined) return undefined;
    const { version: _, ...rest } = manifest;
    return { ...rest, path: join(entry, "root"), unsetPath: join(entry, "unset.jsonl") };
  }

  /** All complete roots, by chain ID. @throws RootfsError `STORE_CORRUPT`, `STORE_UNAVAILABLE` */
  async list(): Promise<readonly StoredRoot[]> {
    const roots: StoredRoot[] = [];
    for (const name of (await inStore(this.directory, () => readdir(this.directory))).toSorted()) {
      const [, algorithm, hex] = ENTRY_NAME.exec(name) ?? [];
      const chainId = `${algorithm}:${hex}`;
      const root = isDigest(chainId) ? await this.get(chainId) : undefined;
      if (root !== undefined) roots.push(root);
    }
    return roots;
  }

  /**
   * Holds a root: `remove` refuses it until the lease is disposed of or this process ends.
   *
   * @throws RootfsError `ROOT_NOT_FOUND`
   */
  async lease(chainId: Digest): Promise<RootLease> {
    const release = await inStore(this.directory, () => this.#marks(chainId).set());
    // Marked first: from here on nobody removes it, if it is still there.
    const root = await this.get(chainId);
    if (root === undefined) {
      await release();
      throw new RootfsError({
        code: "ROOT_NOT_FOUND",
        message: `The store has no root ${chainId}`,
        hint: "Prepare it with ensureRoot.",
        details: { chainId },
      });
    }
    return { chainId, path: root.path, [Symbol.asyncDispose]: release };
  }

  /**
   * Removes a root, whole, damaged or half; false when there is none.
   *
   * @throws RootfsError `ROOT_IN_USE`
   */
  async remove(chainId: Digest): Promise<boolean> {
    const entry = this.#entry(chainId);
    await this.#refuseHeld(chainId);
    return inStore(this.directory, async () => {
      const removed = await this.staging.discard(entry);
      if (removed) await syncDirectory(this.directory);
      return removed;
    });
  }

  /**
   * Makes a finished staging directory the root of a chain ID. When another process was faster, its root stays and this one's
   * is left to the caller to remove.
   */
  async publish(staged: string, chainId: Digest): Promise<StoredRoot> {
    const entry = this.#entry(chainId);
    for (;;) {
      try {
        await rename(staged, entry);
        await syncDirectory(this.directory);
      } catch (error) {
        if (!["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
      }
      const root = await this.#whole(chainId);
      if (root !== undefined) return root;
      // A directory of that name that is no whole root: damaged by hand, or by a file system that lost what it had synced.
      await this.staging.discard(entry);
    }
  }

  async #whole(chainId: Digest): Promise<StoredRoot | undefined> {
    try {
      return await this.get(chainId);
    } catch (error) {
      if (error instanceof RootfsError && error.code === "STORE_CORRUPT") return undefined;
      throw error;
    }
  }

  async #refuseHeld(chainId: Digest): Promise<void> {
    if (!(await inStore(this.directory, () => this.#marks(chainId).held()))) return;
    throw new RootfsError({
      code: "ROOT_IN_USE",
      message: `The root ${chainId} is in use`,
      hint: "Destroy the boxes that use it first.",
      details: { chainId },
    });
  }

  #marks(chainId: Digest): LeaseMarks {
    return new LeaseMarks(join(this.directory, ".leases", entryName(chainId)));
  }

  #entry(chainId: Digest): string {
    return join(this.directory, entryName(chainId));
  }
}

function entryName(chainId: Digest): string {
  const { algorithm, hex } = digestParts(parseDigest(chainId));
  return `${algorithm}-${hex}`;
}
