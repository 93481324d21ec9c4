import { closeSync, constants, fchmodSync, fchownSync, openSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, inSteps } from "@a3s/core";
import { applyLayer } from "../layer/apply-layer.ts";
import { arrived, type LayerSource } from "../layer/layer-source.ts";
import type { LayerLimits } from "../layer/limits.ts";
import { Tally } from "../layer/tally.ts";
import { LineFile } from "../manifest/line-file.ts";
import { syncFileSystem } from "../posix/at.ts";
import { finishRoot, type RootRecords } from "../root/finish-root.ts";
import { startPace } from "../root/pace.ts";
import { ownPrivileges, type Privileges } from "../root/privileges.ts";
import { RootBuilder } from "../root/root-builder.ts";
import type { RootEvent } from "../root-event.ts";
import { copyHeldParent, type HeldParent } from "./parent-root.ts";
import { type RootRecord, writeRecord } from "./root-record.ts";

/** What {@link buildRoot} needs. */
export interface BuildRootOptions {
  readonly chainId: Digest;
  readonly layers: readonly LayerSource[];
  readonly limits: LayerLimits;
  readonly emit: (event: RootEvent) => void;
  readonly signal: AbortSignal;
}

type ParentOption = { readonly parent: HeldParent | undefined };

/**
 * Builds a root in an empty directory: a copy of the parent if there is one, the other layers, then attributes of directories and the manifest, then everything to disk, then the
 * record. The directory is ready to be published then.
 *
 * @throws ParentUnusable
 */
export async function buildRoot(directory: string, options: BuildRootOptions & ParentOption): Promise<RootRecord> {
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

async function writeRoot(directory: string, options: BuildRootOptions & ParentOption) {
  const { limits, signal } = options;
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
    const applied = await applyLayers(root, options);
    const records: RootRecords = {
      unset: (record) => unset.write(record),
      file: (entry) => manifest.write(entry),
    };
    const finished = await finishRoot(root, descriptor, records, signal);
    const digests = { unsetDigest: unset.finish(), manifestDigest: manifest.finish() };
    signal.throwIfAborted();
    await syncFileSystem(descriptor);
    return { ...applied, ...finished, ...digests };
  } finally {
    closeSync(descriptor);
  }
}

/** @returns what all layers hold, as if each had been applied. */
async function applyLayers(root: RootBuilder, options: BuildRootOptions & ParentOption) {
  const { layers, limits, signal, emit, parent } = options;
  const tally = new Tally(limits);
  let known = 0;
  if (parent !== undefined) {
    const { record } = parent;
    emit({ type: "base", layers: record.layers.length });
    tally.addBytes(record.totalBytes);
    await copyHeldParent(root, parent, {
      count: (bytes, metadataBytes) => tally.addEntry(bytes, metadataBytes),
      pace: startPace(signal),
    });
    // Its layers had other entries as well, such as whiteouts.
    while (tally.entries < record.entries) tally.addEntry(0, 0);
    known = tally.entries - record.entries;
  }
  for (const [index, layer] of layers.entries()) {
    if (index < (parent?.record.layers.length ?? 0)) continue;
    await arrived(layer, signal);
    await applyLayer(root, layer, tally, { signal, onRead: progressOf(layer, index, emit) });
    emit({ type: "layer-done", layer: index, digest: layer.digest });
  }
  emit({ type: "sealing" });
  return { entries: tally.entries - known, totalBytes: tally.totalBytes };
}

function progressOf({ digest }: LayerSource, layer: number, emit: BuildRootOptions["emit"]) {
  let report: ((read: number) => void) | undefined;
  return (read: number, size: number) => {
    report ??= inSteps(size, (bytes) => emit({ type: "layer-progress", layer, digest, read: bytes, size }));
    report(read);
  };
}

/** In a directory with the setgid bit, new ones inherit its group and the bit; owners are compared with our own group. */
function useOwnGroup(descriptor: number, privileges: Privileges): void {
  fchownSync(descriptor, privileges.uid, privileges.gid);
  fchmodSync(descriptor, 0o700);
}
