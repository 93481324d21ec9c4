/**
 * Takes one value from each of the sources at a time, until all have ended. One that fails is reported, and has ended as well.
 *
 * @param onError may throw what shall end the rounds.
 */
export async function* rounds<T>(
  sources: readonly AsyncIterable<T>[],
  onError: (error: unknown) => void,
): AsyncGenerator<readonly T[], void, undefined> {
  let running = sources.map((source) => source[Symbol.asyncIterator]());
  try {
    while (running.length > 0) {
      const taken = await Promise.all(running.map((iterator) => next(iterator, onError)));
      running = running.filter((_, index) => taken[index] !== undefined);
      const values = taken.filter((each) => each !== undefined);
      if (values.length > 0) yield values.map(({ value }) => value);
    }
  } finally {
    await Promise.allSettled(running.map((iterator) => iterator.return?.()));
  }
}

async function next<T>(iterator: AsyncIterator<T>, onError: (error: unknown) => void) {
  try {
    const result = await iterator.next();
    return result.done ? undefined : { value: result.value };
  } catch (error) {
    onError(error);
    return undefined;
  }
}
