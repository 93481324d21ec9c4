import { RootfsError } from "../errors/rootfs-error.ts";
import { ParentUnusable } from "../root/copy-parent.ts";
import { type BuildRootOptions, buildRoot } from "./build-root.ts";
import { type HeldParent, holdParent } from "./parent-root.ts";
import type { RootEntries } from "./root-entries.ts";
import type { RootRecord } from "./root-record.ts";
import type { StagedDirectory } from "./staging.ts";

/** A root that is there now, and whether it was there before. */
export interface PreparedRoot {
  readonly record: RootRecord;
  readonly found: boolean;
}

/**
 * Builds a root that is not there, or is damaged, and publishes it. Of several processes one builds; the others wait and find it.
 * Whatever fails, nothing of it stays.
 *
 * @throws RootfsError `STORE_CORRUPT` for a damaged root that somebody holds.
 */
export function prepareRoot(entries: RootEntries, options: BuildRootOptions): Promise<PreparedRoot> {
  const { chainId, signal } = options;
  return entries.building(chainId, signal, async () => {
    const present = await entries.wholeRecord(chainId);
    if (present !== undefined) {
      await entries.touch(chainId);
      return { record: present, found: true };
    }
    await entries.locked(signal, () => refuseHeld(entries, options));
    return { record: await buildOverParent(entries, options), found: false };
  });
}

/** Builds the root upon one that has its lowest layers, if the store has one that can be used. */
async function buildOverParent(entries: RootEntries, options: BuildRootOptions): Promise<RootRecord> {
  const { layers, signal } = options;
  for (;;) {
    await using parent = await holdParent(entries, layers, signal);
    try {
      return await buildAndPublish(entries, options, parent);
    } catch (error) {
      if (!(error instanceof ParentUnusable)) throw error;
      if (!error.damaged || parent === undefined) break;
      // Then it is none any more; another may have fewer layers.
      await entries.locked(signal, () => entries.markDamaged(parent.record.chainId));
    }
  }
  return buildAndPublish(entries, options, undefined);
}

async function buildAndPublish(
  entries: RootEntries,
  options: BuildRootOptions,
  parent: HeldParent | undefined,
): Promise<RootRecord> {
  await using staged = await entries.staging.create();
  const record = await buildRoot(staged.path, { ...options, parent });
  await using _replaced = await entries.locked(options.signal, () => publish(entries, staged, options));
  return record;
}

/** Answers the damaged root that had the place. Under the lock of the store. */
async function publish(
  entries: RootEntries,
  staged: StagedDirectory,
  options: BuildRootOptions,
): Promise<StagedDirectory | undefined> {
  await refuseHeld(entries, options);
  const replaced = await entries.take(options.chainId);
  await entries.publish(staged.path, options.chainId);
  return replaced;
}

/** Whoever holds a damaged root works with its files; nothing else may come in their place. Under the lock of the store. */
async function refuseHeld(entries: RootEntries, { chainId }: BuildRootOptions): Promise<void> {
  if (!(await entries.exists(chainId))) return;
  const leases = await entries.leaseCount(chainId);
  if (leases === 0) return;
  throw new RootfsError({
    code: "STORE_CORRUPT",
    message: `The root ${chainId} is damaged and in use`,
    hint: "Destroy the boxes that use it; then it is built again.",
    details: { chainId, path: entries.paths(chainId).root, leases },
  });
}
