import { chainIdOf } from "./chain/chain-id.ts";
import { RootfsError } from "./errors/rootfs-error.ts";
import { checkMediaType, type LayerSource } from "./layer/layer-source.ts";
import { DEFAULT_LAYER_LIMITS, type LayerLimits } from "./layer/limits.ts";
import { buildRoot } from "./store/build-root.ts";
import type { LowerStore, StoredRoot } from "./store/lower-store.ts";
import { SharedWork } from "./store/shared-work.ts";
import { inStore } from "./store/store-fault.ts";

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

/** By store directory and chain ID, across all `LowerStore` objects of the process. */
const building = new SharedWork<string, EnsuredRoot>();

/**
 * The root directory of an image's layers: found in the store, or built from the layers' files.
 *
 * A root appears in the store when every layer is applied, verified by its diff ID and on disk; failed and aborted work leaves nothing.
 * Callers in one process share the work; processes that build the same root at the same time all get the first one's.
 *
 * ```ts
 * const store = await LowerStore.open("/var/lib/example/rootfs");
 * const root = await ensureRoot({ store, layers, signal: AbortSignal.timeout(60_000) });
 * console.log(root.path, root.unset);
 * ```
 *
 * @throws RootfsError `LAYER_*`, `DIFF_ID_MISMATCH`, `NO_SPACE`, `STORE_UNAVAILABLE`, `HOST_UNSUPPORTED`; CoreError
 * `DIGEST_INVALID`; the signal's reason.
 */
export async function ensureRoot(options: EnsureRootOptions): Promise<EnsuredRoot> {
  const { store, layers, signal } = options;
  signal?.throwIfAborted();
  const chainId = chainIdOf(layers.map((layer) => layer.diffId));
  const root = await findWhole(store, chainId);
  if (root !== undefined) return { ...root, found: true };
  layers.forEach(checkMediaType);
  const limits = { ...DEFAULT_LAYER_LIMITS, ...options.limits };
  return building.run(`${store.directory}\0${chainId}`, signal, (shared) =>
    inStore(store.directory, async () => {
      const built = await buildRoot({ store, chainId, layers, limits, signal: shared });
      return { ...built, found: false };
    }),
  );
}

/** A damaged root counts as none: it is built again and replaced. */
async function findWhole(store: LowerStore, chainId: ReturnType<typeof chainIdOf>): Promise<StoredRoot | undefined> {
  try {
    return await store.get(chainId);
  } catch (error) {
    if (error instanceof RootfsError && error.code === "STORE_CORRUPT") return undefined;
    throw error;
  }
}
