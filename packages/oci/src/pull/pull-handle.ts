import type { StoredImage } from "../store/stored-image.ts";
import type { PullEvent } from "./pull-event.ts";

/** What does the work of a pull. */
export type PullTask = (emit: (event: PullEvent) => void, signal: AbortSignal) => Promise<StoredImage>;

/**
 * A pull under way. Await it for the image; iterate it for its events, from the first one, as often as you like. Leaving a loop
 * does not stop it; disposing it, or aborting its signal, does. A failure reaches whoever awaits or iterates.
 */
export class Pull implements PromiseLike<StoredImage>, AsyncIterable<PullEvent>, AsyncDisposable {
  readonly #controller = new AbortController();
  readonly #events: PullEvent[] = [];
  readonly #result: Promise<StoredImage>;
  #settled = false;
  /** Ends the waits of the iterators. */
  #wakers: (() => void)[] = [];

  constructor(
    task: PullTask,
    options: { readonly signal?: AbortSignal; readonly onProgress?: (event: PullEvent) => void },
  ) {
    const { signal, onProgress } = options;
    const forward = () => this.#controller.abort(signal?.reason);
    if (signal?.aborted) forward();
    else signal?.addEventListener("abort", forward, { once: true });
    const emit = (event: PullEvent) => {
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

  // biome-ignore lint/suspicious/noThenProperty: a pull is awaited.
  then<A = StoredImage, B = never>(
    fulfilled?: ((image: StoredImage) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#result.then(fulfilled, rejected);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<PullEvent, void, undefined> {
    for (let next = 0; ; ) {
      const event = this.#events[next];
      if (event !== undefined) {
        next++;
        yield event;
      } else if (this.#settled) {
        await this.#result;
        return;
      } else {
        await new Promise<void>((resolve) => this.#wakers.push(resolve));
      }
    }
  }

  /** Stops the pull if it is under way and returns when nothing of it runs any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    await this.#result.catch(() => {});
  }

  async #run(task: PullTask, emit: (event: PullEvent) => void): Promise<StoredImage> {
    // The caller gets the handle, and can attach itself, before the first event.
    await undefined;
    this.#controller.signal.throwIfAborted();
    return task(emit, this.#controller.signal);
  }

  #wake(): void {
    for (const wake of this.#wakers.splice(0)) wake();
  }
}
