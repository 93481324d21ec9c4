/**
 * A signal that aborts with the caller's, or when a wait for the network takes too long. Only {@link wait} counts, without what is
 * {@link pause}d in it: time that the consumer of the bytes or their source takes is its own.
 */
export class StallGuard implements Disposable {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #forward = (): void => this.#controller.abort(this.#outer?.reason);
  readonly #timer: NodeJS.Timeout;
  #waiting = false;
  #paused = false;
  /** Milliseconds that a wait may take. */
  readonly timeoutMs: number;
  /** Whether it was the silence that aborted. */
  stalled = false;

  constructor(stallTimeoutMs: number, signal: AbortSignal | undefined) {
    this.timeoutMs = stallTimeoutMs;
    this.#outer = signal;
    this.#timer = setTimeout(() => {
      if (this.#waiting && !this.#paused) this.giveUp();
    }, stallTimeoutMs);
    if (signal?.aborted) this.#forward();
    else signal?.addEventListener("abort", this.#forward, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Waits for the network, with the clock running. */
  async wait<T>(network: Promise<T>): Promise<T> {
    this.#waiting = true;
    this.#timer.refresh();
    try {
      return await network;
    } finally {
      this.#waiting = false;
    }
  }

  /** Ends it as silence does. */
  giveUp(): void {
    this.stalled = true;
    this.#controller.abort();
  }

  /** Stops the clock until {@link resume}. */
  pause(): void {
    this.#paused = true;
  }

  /** Starts the clock anew. */
  resume(): void {
    this.#paused = false;
    this.#timer.refresh();
  }

  /** Ends what is still under way. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
    this.#outer?.removeEventListener("abort", this.#forward);
  }
}
