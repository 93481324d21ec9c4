import { closeSync, constants, openSync } from "node:fs";
import type { ByteString } from "../bytes/byte-string.ts";
import { chainIdOf } from "../chain/chain-id.ts";
import type { LayerSource } from "../layer/layer-source.ts";
import { byteStringOf, type ManifestEntry } from "../manifest/manifest-entry.ts";
import { hasDigest, readLines } from "../manifest/read-lines.ts";
import { type CopyOptions, copyParent, ParentUnusable } from "../root/copy-parent.ts";
import type { UnsetRecord } from "../root/finish-root.ts";
import type { RootBuilder } from "../root/root-builder.ts";
import type { Unset } from "../tree/unset.ts";
import type { EntryPaths, RootEntries } from "./root-entries.ts";
import type { RootRecord } from "./root-record.ts";

/** A complete root of some of the lowest layers of another, held while that is built. */
export interface HeldParent extends AsyncDisposable {
  readonly record: RootRecord;
  readonly paths: EntryPaths;
}

/** The root in the store that has most of the layers in common; none that has all of them. */
export function holdParent(
  entries: RootEntries,
  layers: readonly LayerSource[],
  signal: AbortSignal,
): Promise<HeldParent | undefined> {
  const diffIds = layers.map(({ diffId }) => diffId);
  return entries.locked(signal, async () => {
    for (let count = layers.length - 1; count > 0; count--) {
      const chainId = chainIdOf(diffIds.slice(0, count));
      const record = await entries.wholeRecord(chainId);
      if (record === undefined) continue;
      await entries.touch(chainId);
      const release = await entries.hold(chainId);
      return { record, paths: entries.paths(chainId), [Symbol.asyncDispose]: release };
    }
    return undefined;
  });
}

/** Copies a held root into one that is being built. @throws ParentUnusable */
export async function copyHeldParent(
  root: RootBuilder,
  { record, paths }: HeldParent,
  options: CopyOptions,
): Promise<void> {
  const isWhole =
    (await hasDigest(paths.manifest, record.manifestDigest)) && (await hasDigest(paths.unset, record.unsetDigest));
  if (!isWhole) throw new ParentUnusable("", true);
  const unset = new Map<ByteString, Unset>();
  for await (const { path, ...rest } of readLines<UnsetRecord>(paths.unset)) unset.set(byteStringOf(path), rest);
  const descriptor = openSync(paths.root, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await copyParent(root, { descriptor, manifest: readLines<ManifestEntry>(paths.manifest), unset }, options);
  } finally {
    closeSync(descriptor);
  }
}
