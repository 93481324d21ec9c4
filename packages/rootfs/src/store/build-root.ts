import { closeSync, constants, fchmodSync, fchownSync, openSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "@a3s/core";
import { applyLayer } from "../layer/apply-layer.ts";
import type { LayerSource } from "../layer/layer-source.ts";
import type { LayerLimits } from "../layer/limits.ts";
import { Tally } from "../layer/tally.ts";
import { LineFile } from "../manifest/line-file.ts";
import { syncFileSystem } from "../posix/at.ts";
import { finishRoot } from "../root/finish-root.ts";
import { ownPrivileges, type Privileges } from "../root/privileges.ts";
import { RootBuilder } from "../root/root-builder.ts";
import { type RootRecord, writeRecord } from "./root-record.ts";

/** What {@link buildRoot} needs. */
export interface BuildRootOptions {
  readonly chainId: Digest;
  readonly layers: readonly LayerSource[];
  readonly limits: LayerLimits;
  readonly signal: AbortSignal;
}

/**
 * Builds a root in an empty directory: layers, then attributes of directories and the manifest, then everything to disk, then the
 * record. The directory is ready to be published then.
 */
export async function buildRoot(directory: string, options: BuildRootOptions): Promise<RootRecord> {
  const { chainId, layers, signal } = options;
  await mkdir(join(directory, "root"), { mode: 0o700 });
  const record: RootRecord = {
    version: 2,
    chainId,
    layers: layers.map(({ digest, diffId }) => ({ digest, diffId })),
    ...(await writeRoot(directory, options)),
    createdAt: new Date().toISOString(),
  };
  signal.throwIfAborted();
  await writeRecord(join(directory, "record.json"), record);
  return record;
}

async function writeRoot(directory: string, { layers, limits, signal }: BuildRootOptions) {
  const privileges = ownPrivileges();
  const descriptor = openSync(
    join(directory, "root"),
    constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
  );
  try {
    using unset = new LineFile(join(directory, "unset.jsonl"));
    using manifest = new LineFile(join(directory, "manifest.jsonl"));
    useOwnGroup(descriptor, privileges);
    using root = new RootBuilder(descriptor, privileges, limits);
    const tally = new Tally(limits);
    for (const layer of layers) await applyLayer(root, layer, tally, signal);
    const finished = await finishRoot(root, descriptor, {
      unset: (record) => unset.write(record),
      file: (entry) => manifest.write(entry),
    });
    const digests = { unsetDigest: unset.finish(), manifestDigest: manifest.finish() };
    signal.throwIfAborted();
    await syncFileSystem(descriptor);
    return { entries: tally.entries, totalBytes: tally.totalBytes, ...finished, ...digests };
  } finally {
    closeSync(descriptor);
  }
}

/** In a directory with the setgid bit, new ones inherit its group and the bit; owners are compared with our own group. */
function useOwnGroup(descriptor: number, privileges: Privileges): void {
  fchownSync(descriptor, privileges.uid, privileges.gid);
  fchmodSync(descriptor, 0o700);
}
