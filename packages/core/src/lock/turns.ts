import { raceSignal } from "../time/deadline.ts";

/** Lets one task at a time through per key, in the order of arrival, within this process. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Waits for the turn, runs the task and passes the turn on, however the task ends. */
  async take<T>(key: string, signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    let pass = (): void => {};
    const done = new Promise<void>((resolve) => {
      pass = resolve;
    });
    const mine = before.then(() => done);
    this.#last.set(key, mine);
    try {
      await raceSignal(before, signal);
      return await task();
    } finally {
      pass();
      void mine.then(() => {
        if (this.#last.get(key) === mine) this.#last.delete(key);
      });
    }
  }
}
