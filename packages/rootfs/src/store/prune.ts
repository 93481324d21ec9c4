import type { Digest } from "@a3s/core";
import { type PruneBounds, planPruning } from "./pruning.ts";
import type { RootEntries } from "./root-entries.ts";
import type { StagedDirectory } from "./staging.ts";
import { listRoots, sumBytes } from "./usage.ts";

/** Bounds of `LowerStore.prune`; without any, only damaged roots go. */
export interface PruneOptions extends PruneBounds {
  readonly signal?: AbortSignal | undefined;
}

/** A root that is gone. */
export interface PrunedRoot {
  readonly chainId: Digest;
  /** What it took on disk; 0 where that is not known, because it was damaged. */
  readonly diskBytes: number;
}

/** What `LowerStore.prune` did. */
export interface PruneReport {
  readonly removed: readonly PrunedRoot[];
  readonly freedBytes: number;
  /** What the roots that stay take on disk. */
  readonly keptBytes: number;
}

export async function prune(entries: RootEntries, options: PruneOptions): Promise<PruneReport> {
  const graves: StagedDirectory[] = [];
  try {
    // Out of sight in one go, so that the choice still holds. Removing files takes its time and needs no lock.
    return await entries.locked(options.signal, () => takeChosen(entries, options, graves));
  } finally {
    for (const grave of graves) await grave[Symbol.asyncDispose]();
  }
}

async function takeChosen(
  entries: RootEntries,
  { signal, ...bounds }: PruneOptions,
  graves: StagedDirectory[],
): Promise<PruneReport> {
  const roots = await listRoots(entries);
  const candidates = roots.map(({ chainId, diskBytes, lastUsedAt, leases }) => ({
    chainId,
    diskBytes,
    lastUsedMs: Date.parse(lastUsedAt),
    held: leases > 0,
  }));
  const removed: PrunedRoot[] = [];
  for (const chosen of [...(await idleDamaged(entries, roots)), ...planPruning(candidates, bounds, Date.now())]) {
    signal?.throwIfAborted();
    const taken = await entries.take(chosen.chainId);
    if (taken === undefined) continue;
    graves.push(taken);
    removed.push({ chainId: chosen.chainId, diskBytes: chosen.diskBytes });
  }
  const freedBytes = sumBytes(removed);
  return { removed, freedBytes, keptBytes: sumBytes(roots) - freedBytes };
}

/** Directories that are no whole root and that nobody holds. */
async function idleDamaged(
  entries: RootEntries,
  whole: readonly { readonly chainId: Digest }[],
): Promise<readonly PrunedRoot[]> {
  const known = new Set(whole.map(({ chainId }) => chainId));
  const idle: PrunedRoot[] = [];
  for (const chainId of await entries.chainIds()) {
    if (!known.has(chainId) && (await entries.leaseCount(chainId)) === 0) idle.push({ chainId, diskBytes: 0 });
  }
  return idle;
}
