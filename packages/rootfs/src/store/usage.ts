import type { Digest } from "@a3s/core";
import type { RootEntries } from "./root-entries.ts";
import { type StoredRoot, storedRoot } from "./stored-root.ts";

/** A complete root, and who uses it. */
export interface ListedRoot extends StoredRoot {
  /** When it was last built, found or held; ISO 8601. */
  readonly lastUsedAt: string;
  /** How often it is held now: by leases of all processes together, and by pins. */
  readonly leases: number;
}

/** What the roots of a store take on disk. */
export interface StoreUsage {
  readonly roots: number;
  readonly diskBytes: number;
  /** Of these, the roots that are held. */
  readonly leasedBytes: number;
  /** Directories that are no whole root: found damaged, or without a record. Their size is not known and not counted. */
  readonly damaged: readonly Digest[];
}

/** Under the lock of the store. */
export async function listRoots(entries: RootEntries): Promise<readonly ListedRoot[]> {
  const roots: ListedRoot[] = [];
  for (const chainId of await entries.chainIds()) {
    const record = await entries.wholeRecord(chainId);
    const lastUsedMs = await entries.lastUsedMs(chainId);
    if (record === undefined || lastUsedMs === undefined) continue;
    const leases = await entries.leaseCount(chainId);
    roots.push({ ...storedRoot(entries, record), lastUsedAt: new Date(lastUsedMs).toISOString(), leases });
  }
  return roots;
}

/** Under the lock of the store. */
export async function measureUsage(entries: RootEntries): Promise<StoreUsage> {
  const roots = await listRoots(entries);
  const whole = new Set(roots.map(({ chainId }) => chainId));
  return {
    roots: roots.length,
    diskBytes: sumBytes(roots),
    leasedBytes: sumBytes(roots.filter(({ leases }) => leases > 0)),
    damaged: (await entries.chainIds()).filter((chainId) => !whole.has(chainId)),
  };
}

export function sumBytes(roots: readonly { readonly diskBytes: number }[]): number {
  return roots.reduce((sum, { diskBytes }) => sum + diskBytes, 0);
}
