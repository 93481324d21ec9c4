interface Work<Result, Event> {
  readonly result: Promise<Result>;
  readonly abort: AbortController;
  readonly listeners: Set<(event: Event) => void>;
  callers: number;
}

/** One of those who wait for shared work. */
export interface WorkCaller<Event> {
  readonly signal: AbortSignal;
  /** Told of what happens from now on. */
  readonly emit: (event: Event) => void;
}

/**
 * Work that several callers wait for and that is done once. It ends early when every caller has given up, not when one has.
 */
export class SharedWork<Key, Result, Event> {
  readonly #running = new Map<Key, Work<Result, Event>>();

  /** Joins the work of the key, or starts it. @throws the work's error, or the reason of the caller's own signal. */
  async run(
    key: Key,
    { signal, emit }: WorkCaller<Event>,
    start: (work: WorkCaller<Event>) => Promise<Result>,
  ): Promise<Result> {
    signal.throwIfAborted();
    const work = this.#running.get(key) ?? this.#start(key, start);
    work.callers++;
    work.listeners.add(emit);
    // The caller who gives up last waits for the work to clean up after itself.
    return new Promise((resolve, reject) => {
      const leave = () => {
        work.listeners.delete(emit);
        work.callers--;
        if (work.callers > 0) return reject(signal.reason);
        this.#running.delete(key);
        work.abort.abort(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      work.result.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    });
  }

  #start(key: Key, start: (work: WorkCaller<Event>) => Promise<Result>): Work<Result, Event> {
    const abort = new AbortController();
    const listeners = new Set<(event: Event) => void>();
    const emit = (event: Event) => {
      for (const listener of listeners) listener(event);
    };
    const result = start({ signal: abort.signal, emit });
    const work: Work<Result, Event> = { result, abort, listeners, callers: 0 };
    this.#running.set(key, work);
    const forget = () => {
      if (this.#running.get(key) === work) this.#running.delete(key);
    };
    result.then(forget, forget);
    return work;
  }
}
