/** What does the work of an operation. */
export type OperationTask<Event, Result> = (emit: (event: Event) => void, signal: AbortSignal) => Promise<Result>;

/** Options of an operation. */
export interface OperationOptions<Event> {
  /** Stops it. */
  readonly signal?: AbortSignal | undefined;
  /** Called for each event; the same ones that iterating gives. */
  readonly onProgress?: ((event: Event) => void) | undefined;
}

/**
 * Work under way, such as a pull. Await it for its result; iterate it for its events, from the first one, as often as you like. Leaving
 * a loop does not stop it; disposing it, or aborting its signal, does. A failure reaches whoever awaits or iterates.
 */
export class Operation<Event, Result> implements PromiseLike<Result>, AsyncIterable<Event>, AsyncDisposable {
  readonly #controller = new AbortController();
  readonly #events: Event[] = [];
  readonly #result: Promise<Result>;
  #settled = false;
  /** Ends the waits of the iterators. */
  #wakers: (() => void)[] = [];

  constructor(task: OperationTask<Event, Result>, { signal, onProgress }: OperationOptions<Event>) {
    const forward = () => this.#controller.abort(signal?.reason);
    if (signal?.aborted) forward();
    else signal?.addEventListener("abort", forward, { once: true });
    const emit = (event: Event) => {
      this.#events.push(event);
      this.#wake();
      onProgress?.(event);
    };
    this.#result = this.#run(task, emit).finally(() => {
      signal?.removeEventListener("abort", forward);
      this.#settled = true;
      this.#wake();
    });
    // Who only iterates gets the failure there; it must not count as unhandled here.
    this.#result.catch(() => {});
  }

  // biome-ignore lint/suspicious/noThenProperty: an operation is awaited.
  then<A = Result, B = never>(
    fulfilled?: ((result: Result) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#result.then(fulfilled, rejected);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    for (let next = 0; ; ) {
      if (next < this.#events.length) {
        // The length was compared above; an event may be any value.
        yield this.#events[next++] as Event;
      } else if (this.#settled) {
        await this.#result;
        return;
      } else {
        await new Promise<void>((resolve) => this.#wakers.push(resolve));
      }
    }
  }

  /** Stops it if it is under way and returns when nothing of it runs any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    await this.#result.catch(() => {});
  }

  async #run(task: OperationTask<Event, Result>, emit: (event: Event) => void): Promise<Result> {
    // The caller gets the handle, and can attach itself, before the first event.
    await undefined;
    this.#controller.signal.throwIfAborted();
    return task(emit, this.#controller.signal);
  }

  #wake(): void {
    for (const wake of this.#wakers.splice(0)) wake();
  }
}
