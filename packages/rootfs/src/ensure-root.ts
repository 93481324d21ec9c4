import { chainIdOf } from "./chain/chain-id.ts";
import { RootfsError } from "./errors/rootfs-error.ts";
import { checkMediaType, type LayerSource } from "./layer/layer-source.ts";
import { DEFAULT_LAYER_LIMITS, type LayerLimits } from "./layer/limits.ts";
import type { LowerStore } from "./store/lower-store.ts";
import { type PreparedRoot, prepareRoot } from "./store/prepare-root.ts";
import { SharedWork } from "./store/shared-work.ts";
import { inStore } from "./store/store-fault.ts";
import { type StoredRoot, storedRoot } from "./store/stored-root.ts";

/** What {@link ensureRoot} works from. */
export interface EnsureRootOptions {
  readonly store: LowerStore;
  /** Layers of the image, lowest first; at least one. */
  readonly layers: readonly LayerSource[];
  /** Bounds that differ from {@link DEFAULT_LAYER_LIMITS}. They count when the root is built, not when it is found. */
  readonly limits?: Partial<LayerLimits> | undefined;
  /** Gives up. Work that other callers wait for goes on without this one. */
  readonly signal?: AbortSignal | undefined;
}

/** A root directory that is ready for use. */
export interface EnsuredRoot extends StoredRoot {
  /** Whether the store had it already. */
  readonly found: boolean;
}

/** A root directory that stays until this is disposed of. */
export interface LeasedRoot extends EnsuredRoot, AsyncDisposable {}

/** By store directory and chain ID, across all `LowerStore` objects of the process. */
const building = new SharedWork<string, PreparedRoot>();

/**
 * The root directory of an image's layers: found in the store, or built from the layers' files.
 *
 * A root appears in the store when every layer is applied, verified by its diff ID and on disk; failed and aborted work leaves nothing.
 * Callers in one process share the work; of several processes that want the same root, one builds it and the others wait. A damaged
 * root is built again, unless somebody holds it.
 *
 * ```ts
 * const store = await LowerStore.open("/var/lib/example/rootfs");
 * const root = await ensureRoot({ store, layers, signal: AbortSignal.timeout(60_000) });
 * console.log(root.path, root.unset);
 * ```
 *
 * @throws RootfsError `LAYER_*`, `DIFF_ID_MISMATCH`, `STORE_CORRUPT` (damaged and held), `NO_SPACE`, `STORE_UNAVAILABLE`, `HOST_UNSUPPORTED`; CoreError
 * `DIGEST_INVALID`; the signal's reason.
 */
export async function ensureRoot(options: EnsureRootOptions): Promise<EnsuredRoot> {
  const { store, layers, signal } = options;
  const { entries } = store;
  signal?.throwIfAborted();
  const chainId = chainIdOf(layers.map((layer) => layer.diffId));
  const present = await entries.wholeRecord(chainId);
  if (present !== undefined) {
    await inStore(store.directory, () => entries.touch(chainId));
    return { ...storedRoot(entries, present), found: true };
  }
  layers.forEach(checkMediaType);
  const limits = { ...DEFAULT_LAYER_LIMITS, ...options.limits };
  const { record, found } = await building.run(`${store.directory}\0${chainId}`, signal, (shared) =>
    inStore(store.directory, () => prepareRoot(entries, { chainId, layers, limits, signal: shared })),
  );
  return { ...storedRoot(entries, record), found };
}

/**
 * The same, held before anybody can remove it: what a box lives on.
 *
 * @throws as {@link ensureRoot}
 */
export async function leaseRoot(options: EnsureRootOptions): Promise<LeasedRoot> {
  const { store, signal } = options;
  for (;;) {
    const root = await ensureRoot(options);
    try {
      const lease = await store.lease(root.chainId, { signal });
      return { ...root, [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose]() };
    } catch (error) {
      // Removed in between; then it is built again.
      if (!(error instanceof RootfsError && error.code === "ROOT_NOT_FOUND")) throw error;
    }
  }
}
