import type { Digest } from "@a3s/core";

/** Bytes that a cache of images is kept within unless told otherwise: 10 GiB. */
export const DEFAULT_IMAGE_CACHE_BYTES = 10 * 1024 ** 3;

/** What a name stands for, as far as {@link planEviction} needs it. Names of the same root go together. */
export interface EvictionCandidate {
  readonly root: Digest;
  readonly content: ReadonlySet<Digest>;
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
  /** Whether it must stay. */
  readonly kept: boolean;
}

/**
 * Chooses the roots to give up, least recently used first, until what is left fits. Content counts once, however many names share
 * it; content that `pinned` holds, and images that are kept, count and stay.
 */
export function planEviction(
  candidates: readonly EvictionCandidate[],
  sizes: ReadonlyMap<Digest, number>,
  pinned: ReadonlySet<Digest>,
  maxBytes: number,
): readonly Digest[] {
  const users = new Map<Digest, number>([...pinned].map((digest) => [digest, 1]));
  for (const { content } of candidates) {
    for (const digest of content) users.set(digest, (users.get(digest) ?? 0) + 1);
  }
  let bytes = 0;
  for (const digest of users.keys()) bytes += sizes.get(digest) ?? 0;
  const evicted: Digest[] = [];
  for (const { root, content, kept } of candidates.toSorted((one, other) => one.lastUsed - other.lastUsed)) {
    if (bytes <= maxBytes) break;
    if (kept) continue;
    evicted.push(root);
    for (const digest of content) {
      const left = (users.get(digest) ?? 1) - 1;
      users.set(digest, left);
      if (left === 0) bytes -= sizes.get(digest) ?? 0;
    }
  }
  return evicted;
}
