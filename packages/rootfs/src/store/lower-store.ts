import { isAbsolute, resolve } from "node:path";
import { type Digest, parseDigest } from "@a3s/core";
import { RootfsError } from "../errors/rootfs-error.ts";
import { type PruneOptions, type PruneReport, prune } from "./prune.ts";
import { RootEntries } from "./root-entries.ts";
import { inStore } from "./store-fault.ts";
import { type StoredRoot, storedRoot } from "./stored-root.ts";
import { type ListedRoot, listRoots, measureUsage, type StoreUsage } from "./usage.ts";
import { type VerifyOptions, type VerifyReport, verifyRoots } from "./verify-roots.ts";

/** Keeps a root from being removed or replaced until it is disposed of, or its process ends. */
export interface RootLease extends AsyncDisposable {
  readonly chainId: Digest;
  /** The root directory. */
  readonly path: string;
}

/**
 * Immutable root directories by chain ID.
 *
 * ```ts
 * const store = await LowerStore.open(homeLayout().rootfs);
 * for (const root of await store.list()) console.log(root.chainId, root.diskBytes, root.leases);
 * await store.prune({ maxBytes: 10 * 1024 ** 3 });
 * ```
 */
export class LowerStore {
  /** For `ensureRoot`. */
  readonly entries: RootEntries;

  private constructor(entries: RootEntries) {
    this.entries = entries;
  }

  /**
   * Opens the store in a directory, which is made when it is missing. Removes what processes left that died.
   *
   * @param directory absolute path.
   * @throws RootfsError `STORE_UNAVAILABLE`, `NO_SPACE`; the signal's reason
   */
  static async open(
    directory: string,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<LowerStore> {
    if (!isAbsolute(directory)) {
      throw new RootfsError({
        code: "STORE_UNAVAILABLE",
        message: `The store's directory ${JSON.stringify(directory)} is not an absolute path`,
        hint: "Give an absolute path, for example homeLayout().rootfs.",
      });
    }
    const absolute = resolve(directory);
    return new LowerStore(await inStore(absolute, () => RootEntries.open(absolute, signal)));
  }

  /** Absolute; the whole store is for its owner only, because roots hold setuid files and devices. */
  get directory(): string {
    return this.entries.directory;
  }

  /** Whether the store is where it was opened: somebody may have removed it since. It is opened again then. */
  isThere(): Promise<boolean> {
    return this.#run(() => this.entries.isThere());
  }

  /** Whether the store holds the complete root. @throws as {@link LowerStore.get} */
  async has(chainId: Digest): Promise<boolean> {
    return (await this.get(chainId)) !== undefined;
  }

  /** The complete root, or undefined. @throws RootfsError `STORE_CORRUPT`, `STORE_UNAVAILABLE` */
  async get(chainId: Digest): Promise<StoredRoot | undefined> {
    const record = await this.entries.record(parseDigest(chainId));
    return record && storedRoot(this.entries, record);
  }

  /** All complete roots, by chain ID. @throws RootfsError `STORE_UNAVAILABLE`; the signal's reason */
  list(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<readonly ListedRoot[]> {
    return this.#run(() => this.entries.locked(options.signal, () => listRoots(this.entries)));
  }

  /** What the roots take on disk, from their records. @throws as {@link LowerStore.list} */
  usage(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<StoreUsage> {
    return this.#run(() => this.entries.locked(options.signal, () => measureUsage(this.entries)));
  }

  /**
   * Holds a root: nothing removes or replaces it until the lease is disposed of or this process ends.
   *
   * @throws RootfsError `ROOT_NOT_FOUND`, `STORE_CORRUPT`; the signal's reason
   */
  async lease(chainId: Digest, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<RootLease> {
    return this.#run(() =>
      this.entries.locked(options.signal, async () => {
        const root = await this.get(chainId);
        if (root === undefined) throw notFound(chainId);
        // First, because nobody would release a lease that was followed by a failure.
        await this.entries.touch(chainId);
        const release = await this.entries.hold(chainId);
        const dispose = async () => {
          await using _held = { [Symbol.asyncDispose]: release };
          // Used to the end, however long ago it was taken.
          await this.entries.touch(chainId);
        };
        return { chainId, path: root.path, [Symbol.asyncDispose]: dispose };
      }),
    );
  }

  /**
   * Holds a root for an owner until {@link LowerStore.unpin}, whatever becomes of this process. An owner may pin several.
   *
   * @param owner 1 to 64 of `[a-z0-9]`
   * @throws RootfsError `ROOT_NOT_FOUND`, `STORE_CORRUPT`; the signal's reason
   */
  async pin(
    chainId: Digest,
    owner: string,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    if (!/^[a-z0-9]{1,64}$/.test(owner)) throw new RangeError(`${JSON.stringify(owner)} cannot own a pin`);
    return this.#run(() =>
      this.entries.locked(options.signal, async () => {
        if (!(await this.has(chainId))) throw notFound(chainId);
        await this.entries.pin(chainId, owner);
        await this.entries.touch(chainId);
      }),
    );
  }

  /** Gives up all pins of an owner. @throws the signal's reason */
  unpin(owner: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#run(() => this.entries.locked(options.signal, () => this.entries.unpin(owner)));
  }

  /** All who have pinned a root. @throws the signal's reason */
  pinOwners(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<ReadonlySet<string>> {
    return this.#run(() => this.entries.locked(options.signal, () => this.entries.pinOwners()));
  }

  /**
   * Removes a root, whole, damaged or half; false when there is none.
   *
   * @throws RootfsError `ROOT_IN_USE`; the signal's reason
   */
  async remove(chainId: Digest, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    parseDigest(chainId);
    return this.#run(async () => {
      await using removed = await this.entries.locked(options.signal, async () => {
        if ((await this.entries.leaseCount(chainId)) > 0) throw inUse(chainId);
        return this.entries.take(chainId);
      });
      return removed !== undefined;
    });
  }

  /**
   * Removes roots that nobody holds: those that are damaged, those that were not used for a time, and then the least recently used
   * until the rest fits. What is being built is left alone.
   *
   * @throws RootfsError `STORE_UNAVAILABLE`; the signal's reason, with what was removed until then staying removed.
   */
  prune(options: PruneOptions = {}): Promise<PruneReport> {
    return this.#run(() => prune(this.entries, options));
  }

  /**
   * Compares roots with their manifests, file by file and byte by byte. A root that differs is marked: it is none from then on, and the
   * next `ensureRoot` builds it again as soon as nobody holds it.
   *
   * @param chainId one root, or `"all"`.
   * @throws RootfsError `ROOT_NOT_FOUND` for one that is not there; `STORE_UNAVAILABLE`; the signal's reason.
   */
  async verify(chainId: Digest | "all", options: VerifyOptions = {}): Promise<VerifyReport> {
    return this.#run(async () => {
      const chainIds = chainId === "all" ? await this.entries.chainIds() : [parseDigest(chainId)];
      const report = await verifyRoots(this.entries, chainIds, options);
      if (chainId !== "all" && report.roots === 0) throw notFound(chainId);
      return report;
    });
  }

  #run<T>(task: () => Promise<T>): Promise<T> {
    return inStore(this.directory, task);
  }
}

function notFound(chainId: Digest): RootfsError {
  return new RootfsError({
    code: "ROOT_NOT_FOUND",
    message: `The store has no root ${chainId}`,
    hint: "Prepare it with ensureRoot.",
    details: { chainId },
  });
}

function inUse(chainId: Digest): RootfsError {
  return new RootfsError({
    code: "ROOT_IN_USE",
    message: `The root ${chainId} is in use`,
    hint: "Destroy the boxes that use it first.",
    details: { chainId },
  });
}
