/**
 * Work that several callers wait for and that is done once. It ends early when every caller has given up, not when one has.
 */
export class SharedWork<Key, Result> {
  readonly #running = new Map<
    Key,
    { readonly result: Promise<Result>; readonly abort: AbortController; callers: number }
  >();

  /** Joins the work of the key, or starts it. @throws the work's error, or the reason of the caller's own signal. */
  async run(
    key: Key,
    signal: AbortSignal | undefined,
    start: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    signal?.throwIfAborted();
    const work = this.#running.get(key) ?? this.#start(key, start);
    work.callers++;
    if (signal === undefined) return work.result;
    // The caller who gives up last waits for the work to clean up after itself.
    return new Promise((resolve, reject) => {
      const leave = () => {
        work.callers--;
        if (work.callers > 0) return reject(signal.reason);
        this.#running.delete(key);
        work.abort.abort(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      work.result.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    });
  }

  #start(key: Key, start: (signal: AbortSignal) => Promise<Result>) {
    const abort = new AbortController();
    const result = start(abort.signal);
    const work = { result, abort, callers: 0 };
    this.#running.set(key, work);
    const forget = () => {
      if (this.#running.get(key) === work) this.#running.delete(key);
    };
    result.then(forget, forget);
    return work;
  }
}
