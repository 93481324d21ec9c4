import { closeSync, constants, fchmodSync, fchownSync, openSync, writeSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "@a3s/core";
import { applyLayer } from "../layer/apply-layer.ts";
import type { LayerSource } from "../layer/layer-source.ts";
import type { LayerLimits } from "../layer/limits.ts";
import { Tally } from "../layer/tally.ts";
import { syncFileSystem } from "../posix/at.ts";
import { finishRoot } from "../root/finish-root.ts";
import { ownPrivileges, type Privileges } from "../root/privileges.ts";
import { removeTree } from "../root/remove-tree.ts";
import { RootBuilder } from "../root/root-builder.ts";
import type { LowerStore, StoredRoot } from "./lower-store.ts";
import { writeManifest } from "./manifest.ts";

/** What {@link buildRoot} needs. */
export interface BuildRootOptions {
  readonly store: LowerStore;
  readonly chainId: Digest;
  readonly layers: readonly LayerSource[];
  readonly limits: LayerLimits;
  readonly signal: AbortSignal;
}

/**
 * Builds a root in a staging directory and publishes it: layers, then attributes of directories, then everything to disk, then the
 * manifest, then the name. Whatever fails, the staging directory goes.
 */
export async function buildRoot(options: BuildRootOptions): Promise<StoredRoot> {
  const { store, chainId, layers } = options;
  const staged = store.staging.newPath();
  try {
    await mkdir(staged, { mode: 0o700 });
    await mkdir(join(staged, "root"), { mode: 0o700 });
    const built = await writeRoot(staged, options);
    options.signal.throwIfAborted();
    await writeManifest(join(staged, "manifest.json"), {
      version: 1,
      chainId,
      layers: layers.map(({ digest, diffId }) => ({ digest, diffId })),
      createdAt: new Date().toISOString(),
      ...built,
    });
    return await store.publish(staged, chainId);
  } finally {
    await removeTree(staged);
  }
}

async function writeRoot(staged: string, { layers, limits, signal }: BuildRootOptions) {
  const privileges = ownPrivileges();
  const descriptor = openSync(join(staged, "root"), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  const unsetFile = openSync(join(staged, "unset.jsonl"), "wx", 0o600);
  try {
    useOwnGroup(descriptor, privileges);
    using root = new RootBuilder(descriptor, privileges, limits);
    const tally = new Tally(limits);
    for (const layer of layers) await applyLayer(root, layer, tally, signal);
    const unset = await finishRoot(root, descriptor, (record) => writeSync(unsetFile, `${JSON.stringify(record)}\n`));
    signal.throwIfAborted();
    await syncFileSystem(descriptor);
    return { entries: tally.entries, totalBytes: tally.totalBytes, unset };
  } finally {
    closeSync(unsetFile);
    closeSync(descriptor);
  }
}

/** In a directory with the setgid bit, new ones inherit its group and the bit; owners are compared with our own group. */
function useOwnGroup(descriptor: number, privileges: Privileges): void {
  fchownSync(descriptor, privileges.uid, privileges.gid);
  fchmodSync(descriptor, 0o700);
}
