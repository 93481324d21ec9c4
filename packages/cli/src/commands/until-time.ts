/** The longest that a timer takes; what is to end later goes on until somebody ends it. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Runs a task that ends at a time, which is no failure, unless it has before. Not at all when the time is over. */
export async function untilTime(
  until: Date | undefined,
  signal: AbortSignal,
  task: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const leftMs = until === undefined ? MAX_TIMER_MS : until.getTime() - Date.now();
  if (leftMs <= 0) return;
  if (leftMs >= MAX_TIMER_MS) return await task(signal);
  const over = AbortSignal.timeout(leftMs);
  try {
    await task(AbortSignal.any([signal, over]));
  } catch (error) {
    signal.throwIfAborted();
    if (!over.aborted || error !== over.reason) throw error;
  }
}
