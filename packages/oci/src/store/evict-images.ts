import { storedName } from "../layout/image-name.ts";
import type { IndexJson } from "../layout/index-json.ts";
import type { Descriptor } from "../manifest/descriptor.ts";
import { ContentGraph } from "./content-graph.ts";
import { type EvictionCandidate, planEviction } from "./eviction.ts";
import { type Garbage, removeGarbage, type StoreFiles, writeFewerNames } from "./garbage.ts";

/** What an eviction did. */
export interface Evicted extends Garbage {
  /** Names that are gone. */
  readonly removedReferences: readonly string[];
}

/** Which names have to go. */
export interface EvictionLimits {
  readonly maxBytes: number;
  /** Names that stay. */
  readonly keep: ReadonlySet<string>;
}

/** Removes names until what is left fits, then what nobody needs any more. Under the lock of the store. */
export async function evictImages(files: StoreFiles, limits: EvictionLimits, signal?: AbortSignal): Promise<Evicted> {
  const before = await files.index.read();
  const evicted = new Set(await chooseRoots(files, before, limits, signal));
  const goes = (entry: Descriptor) => storedName(entry) !== undefined && evicted.has(entry.digest);
  const after = { ...before, manifests: before.manifests.filter((entry) => !goes(entry)) };
  const first = evicted.size > 0 ? await writeFewerNames(files, after, signal) : { removedBlobs: 0, freedBytes: 0 };
  const removedReferences = before.manifests.filter(goes).flatMap((entry) => storedName(entry) ?? []);
  const rest = await removeGarbage(files, after, signal);
  return {
    removedReferences,
    removedBlobs: first.removedBlobs + rest.removedBlobs,
    freedBytes: first.freedBytes + rest.freedBytes,
  };
}

async function chooseRoots(files: StoreFiles, { manifests }: IndexJson, limits: EvictionLimits, signal?: AbortSignal) {
  const { blobs, leases } = files;
  const leased = await leases.digests();
  const graph = new ContentGraph(blobs, signal);
  const foreign = manifests.filter((entry) => storedName(entry) === undefined).map(({ digest }) => digest);
  const keptRoots = new Set([...foreign, ...leased]);
  for (const entry of manifests) if (limits.keep.has(storedName(entry) ?? "")) keptRoots.add(entry.digest);
  const candidates: EvictionCandidate[] = [];
  for (const root of new Set(manifests.map(({ digest }) => digest))) {
    const [content, lastUsed] = [await graph.reach([root]), await blobs.lastUsed(root)];
    candidates.push({ root, content, lastUsed, kept: keptRoots.has(root) });
  }
  return planEviction(candidates, (await blobs.list()).sizes, leased, limits.maxBytes);
}
