import { raceSignal } from "@a3s/core";

/**
 * The same items, until the signal aborts: then it ends with the signal's reason at once, even while the source has nothing to give,
 * as a terminal that nobody types at.
 */
export async function* untilAborted<T>(
  items: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  let isDone = false;
  try {
    for (;;) {
      const next = await raceSignal(iterator.next(), signal);
      isDone = next.done === true;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // It may answer only after what it waits for.
    if (!isDone) void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}
