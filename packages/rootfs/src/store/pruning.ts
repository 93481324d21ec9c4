import type { Digest } from "@a3s/core";
import { sumBytes } from "./usage.ts";

/** What {@link planPruning} needs to know of a root. */
export interface PruneCandidate {
  readonly chainId: Digest;
  readonly diskBytes: number;
  /** Milliseconds since 1970. */
  readonly lastUsedMs: number;
  /** Held by somebody. */
  readonly held: boolean;
}

/** What shall be kept. */
export interface PruneBounds {
  /** Most bytes of all roots together; held roots count and stay. */
  readonly maxBytes?: number | undefined;
  /** A root that was not used for longer goes, whatever the size. */
  readonly unusedForMs?: number | undefined;
}

/** Chooses the roots to remove, the least recently used first. */
export function planPruning<Candidate extends PruneCandidate>(
  candidates: readonly Candidate[],
  { maxBytes = Number.POSITIVE_INFINITY, unusedForMs = Number.POSITIVE_INFINITY }: PruneBounds,
  nowMs: number,
): readonly Candidate[] {
  let bytes = sumBytes(candidates);
  const chosen: Candidate[] = [];
  for (const candidate of candidates.toSorted((one, other) => one.lastUsedMs - other.lastUsedMs)) {
    if (candidate.held) continue;
    // A bound that is no number keeps everything.
    if (!(bytes > maxBytes || nowMs - candidate.lastUsedMs > unusedForMs)) continue;
    chosen.push(candidate);
    bytes -= candidate.diskBytes;
  }
  return chosen;
}
