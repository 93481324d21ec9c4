import { raceSignal } from "@a3s/core";

interface Running<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/** Work that several wait for at the same time, known by a key. Who aborts leaves; the work itself ends when the last one has left. */
export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>();

  async run(key: string, start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    const running = this.#running.get(key) ?? this.#begin(key, start);
    running.waiting++;
    try {
      return await raceSignal(running.result, signal);
    } finally {
      running.waiting--;
      if (running.waiting === 0) {
        if (this.#running.get(key) === running) this.#running.delete(key);
        running.controller.abort();
      }
    }
  }

  #begin(key: string, start: (signal: AbortSignal) => Promise<T>): Running<T> {
    const controller = new AbortController();
    const running = { result: start(controller.signal), controller, waiting: 0 };
    this.#running.set(key, running);
    return running;
  }
}

/** Work that is done once for each key, unless it fails: its result is kept. */
export class LastingWork<T> {
  readonly #results = new Map<string, { readonly value: T }>();
  readonly #work = new SharedWork<T>();

  async run(key: string, start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const result = this.#results.get(key);
    if (result !== undefined) return result.value;
    const value = await this.#work.run(key, start, signal);
    this.#results.set(key, { value });
    return value;
  }
}
