import { setTimeout } from "node:timers/promises";

/** Longest time that a timer of Node takes, in ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Milliseconds of CLOCK_MONOTONIC: the same for all processes until the machine restarts, which no VM outlives, and never set. Time that the
 * machine was asleep does not count.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** Until a point in time of {@link monotonicMs}; at once when it is over. @throws the signal's reason */
export async function until(atMs: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const leftMs = atMs - monotonicMs();
    if (leftMs <= 0) return;
    try {
      await setTimeout(Math.min(leftMs, MAX_TIMER_MS), undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  }
}
