import type { Digest } from "@a3s/core";
import { storedName } from "../layout/image-name.ts";
import type { IndexJson } from "../layout/index-json.ts";
import { ContentGraph } from "./content-graph.ts";
import { keptContent, type StoreFiles } from "./garbage.ts";

/** Bytes of one name. Content that only this name leads to is unique; the rest is shared with other names. */
export interface ImageUsage {
  readonly reference: string;
  readonly totalBytes: number;
  readonly uniqueBytes: number;
  readonly sharedBytes: number;
}

/** Bytes of a store, each blob counted once. */
export interface StoreUsage {
  readonly blobs: number;
  readonly bytes: number;
  /** What a garbage collection would free now. */
  readonly unreferencedBytes: number;
  /** Parts of blobs that are coming in, or that a next try goes on with; not in `bytes`. */
  readonly partialBytes: number;
  readonly images: readonly ImageUsage[];
}

/** Under the lock of the store. */
export async function measureUsage(files: StoreFiles, partialBytes: number, signal?: AbortSignal): Promise<StoreUsage> {
  const index = await files.index.read();
  const { sizes } = await files.blobs.list();
  const kept = await keptContent(files, index, signal);
  const images = await measureImages(index, sizes, new ContentGraph(files.blobs, signal));
  const unreferenced = [...sizes.keys()].filter((digest) => !kept.has(digest));
  return {
    blobs: sizes.size,
    bytes: sum(sizes.keys(), sizes),
    unreferencedBytes: sum(unreferenced, sizes),
    partialBytes,
    images,
  };
}

/** Bytes of every name. Entries of other tools share content as names do. */
export async function measureImages(
  { manifests }: IndexJson,
  sizes: ReadonlyMap<Digest, number>,
  graph: ContentGraph,
): Promise<readonly ImageUsage[]> {
  const contents: (readonly [string | undefined, ReadonlySet<Digest>])[] = [];
  for (const entry of manifests) contents.push([storedName(entry), await graph.reach([entry.digest])]);
  const users = new Map<Digest, number>();
  for (const [, content] of contents) for (const digest of content) users.set(digest, (users.get(digest) ?? 0) + 1);
  return contents.flatMap(([reference, content]) => {
    if (reference === undefined) return [];
    const totalBytes = sum(content, sizes);
    const unique = [...content].filter((digest) => users.get(digest) === 1);
    const uniqueBytes = sum(unique, sizes);
    return [{ reference, totalBytes, uniqueBytes, sharedBytes: totalBytes - uniqueBytes }];
  });
}

function sum(digests: Iterable<Digest>, sizes: ReadonlyMap<Digest, number>): number {
  let bytes = 0;
  for (const digest of digests) bytes += sizes.get(digest) ?? 0;
  return bytes;
}
