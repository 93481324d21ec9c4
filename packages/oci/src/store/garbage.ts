import type { Digest } from "@a3s/core";
import type { IndexJson } from "../layout/index-json.ts";
import type { BlobFiles } from "./blob-files.ts";
import { ContentGraph } from "./content-graph.ts";
import type { IndexFile } from "./index-file.ts";
import type { Leases } from "./leases.ts";

/** The files of a store that a look at all of it needs. */
export interface StoreFiles {
  readonly index: IndexFile;
  readonly blobs: BlobFiles;
  readonly leases: Leases;
}

/** What was removed. */
export interface Garbage {
  readonly removedBlobs: number;
  readonly freedBytes: number;
}

const FULL = ["ENOSPC", "EDQUOT"];

/**
 * Replaces the index by one with fewer names. Names go before content, because a name without its content is worse than content without
 * a name; only on a disk too full to write the index does the content go first, as nothing else would make room. Under the lock of the
 * store.
 *
 * @returns what had to go first.
 */
export async function writeFewerNames(files: StoreFiles, index: IndexJson, signal?: AbortSignal): Promise<Garbage> {
  try {
    await files.index.write(index);
    return { removedBlobs: 0, freedBytes: 0 };
  } catch (error) {
    if (!FULL.includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
  const removed = await removeGarbage(files, index, signal);
  await files.index.write(index);
  return removed;
}

/** Removes every blob that neither a name, nor an entry of another tool, nor a lease leads to. Under the lock of the store. */
export async function removeGarbage(files: StoreFiles, index: IndexJson, signal?: AbortSignal): Promise<Garbage> {
  const kept = await keptContent(files, index, signal);
  const { sizes } = await files.blobs.list();
  let removedBlobs = 0;
  let freedBytes = 0;
  for (const [digest, size] of sizes) {
    signal?.throwIfAborted();
    if (kept.has(digest)) continue;
    await files.blobs.remove(digest);
    removedBlobs++;
    freedBytes += size;
  }
  return { removedBlobs, freedBytes };
}

/** What names, entries of other tools and leases lead to. Under the lock of the store. */
export async function keptContent(
  files: StoreFiles,
  index: IndexJson,
  signal?: AbortSignal,
): Promise<ReadonlySet<Digest>> {
  const leased = await files.leases.digests();
  const graph = new ContentGraph(files.blobs, signal);
  const named = await graph.reach(index.manifests.map(({ digest }) => digest));
  return new Set([...named, ...leased]);
}
