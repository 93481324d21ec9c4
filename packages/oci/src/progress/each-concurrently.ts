/**
 * Runs a task for every item, `limit` at a time. The first failure aborts the others; it is thrown when all have ended, so that
 * nothing runs on behind the caller's back.
 */
export async function eachConcurrently<T>(
  items: readonly T[],
  limit: number,
  signal: AbortSignal,
  task: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const forward = () => controller.abort(signal.reason);
  if (signal.aborted) forward();
  else signal.addEventListener("abort", forward, { once: true });
  const queue = items.values();
  const worker = async () => {
    try {
      for (const item of queue) {
        controller.signal.throwIfAborted();
        await task(item, controller.signal);
      }
    } catch (error) {
      controller.abort(error);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  } finally {
    signal.removeEventListener("abort", forward);
  }
  controller.signal.throwIfAborted();
}
