import { Operation } from "@a3s/core";
import { chainIdOf } from "./chain/chain-id.ts";
import { RootfsError } from "./errors/rootfs-error.ts";
import { checkMediaType, LayerLost, type LayerSource } from "./layer/layer-source.ts";
import { DEFAULT_LAYER_LIMITS, type LayerLimits } from "./layer/limits.ts";
import type { RootEvent } from "./root-event.ts";
import type { LowerStore } from "./store/lower-store.ts";
import { type PreparedRoot, prepareRoot } from "./store/prepare-root.ts";
import { SharedWork, type WorkCaller } from "./store/shared-work.ts";
import { inStore } from "./store/store-fault.ts";
import { type EnsuredRoot, storedRoot } from "./store/stored-root.ts";

/** What {@link ensureRoot} works from. */
export interface EnsureRootOptions {
  readonly store: LowerStore;
  /** Layers of the image, lowest first; at least one. */
  readonly layers: readonly LayerSource[];
  /** Bounds that differ from {@link DEFAULT_LAYER_LIMITS}. They count when the root is built, not when it is found. */
  readonly limits?: Partial<LayerLimits> | undefined;
  /** Gives up. Work that other callers wait for goes on without this one. */
  readonly signal?: AbortSignal | undefined;
  /** Called for each event; the same ones that iterating gives. */
  readonly onProgress?: ((event: RootEvent) => void) | undefined;
}

/** A root directory that stays until this is disposed of. */
export interface LeasedRoot extends EnsuredRoot, AsyncDisposable {}

/** By store directory and chain ID, across all `LowerStore` objects of the process. */
const building = new SharedWork<string, PreparedRoot, RootEvent>();

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
 * `DIGEST_INVALID`; what a layer's `arrival` rejects with; the signal's reason.
 */
export function ensureRoot(options: EnsureRootOptions): Operation<RootEvent, EnsuredRoot> {
  return new Operation(async (emit, signal) => {
    const root = await findOrBuild(options, { signal, emit });
    emit({ type: "done", root });
    return root;
  }, options);
}

async function findOrBuild(options: EnsureRootOptions, caller: WorkCaller<RootEvent>): Promise<EnsuredRoot> {
  const { store, layers } = options;
  const { entries } = store;
  const chainId = chainIdOf(layers.map((layer) => layer.diffId));
  // Not every arrival is waited for: the root may be there, or its base.
  for (const { arrival } of layers) arrival?.catch(() => {});
  const present = await entries.wholeRecord(chainId);
  if (present !== undefined) {
    await inStore(store.directory, () => entries.touch(chainId));
    return { ...storedRoot(entries, present), found: true };
  }
  layers.forEach(checkMediaType);
  const limits = { ...DEFAULT_LAYER_LIMITS, ...options.limits };
  for (;;) {
    let own = false;
    try {
      const { record, found } = await building.run(`${store.directory}\0${chainId}`, caller, (work) => {
        own = true;
        return inStore(store.directory, () => prepareRoot(entries, { ...work, chainId, layers, limits }));
      });
      return { ...storedRoot(entries, record), found };
    } catch (error) {
      if (!(error instanceof LayerLost)) throw error;
      // Layers that another caller was bringing; this one has its own.
      if (own) throw error.cause;
    }
  }
}

/**
 * The same, held before anybody can remove it: what a box lives on.
 *
 * @throws as {@link ensureRoot}
 */
export function leaseRoot(options: EnsureRootOptions): Operation<RootEvent, LeasedRoot> {
  const { store } = options;
  return new Operation(async (emit, signal) => {
    for (;;) {
      const root = await findOrBuild(options, { signal, emit });
      try {
        const lease = await store.lease(root.chainId, { signal });
        emit({ type: "done", root });
        return { ...root, [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose]() };
      } catch (error) {
        // Removed in between; then it is built again.
        if (!(error instanceof RootfsError && error.code === "ROOT_NOT_FOUND")) throw error;
      }
    }
  }, options);
}
