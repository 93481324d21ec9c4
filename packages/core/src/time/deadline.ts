import { CoreError } from "../errors/core-error.ts";

/** Bounds of a wait: an optional caller's signal and a time limit in milliseconds. */
export interface DeadlineOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** What is waited for, as it should stand in the error's sentence. */
  readonly what: string;
}

/** A signal that aborts at the deadline or with the caller's signal, whichever is first. Dispose it when the wait is over. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Starts a deadline. Its signal aborts with a `DEADLINE_EXCEEDED` {@link CoreError}, or with the reason of the caller's signal.
 * The timer keeps no process alive once disposed.
 */
export function startDeadline(options: DeadlineOptions): Deadline {
  const controller = new AbortController();
  const { signal, timeoutMs, what } = options;
  const expire = () =>
    controller.abort(
      new CoreError({
        code: "DEADLINE_EXCEEDED",
        message: `${what} did not happen within ${timeoutMs} ms`,
        hint: "Allow more time, or look at what it was waiting for.",
        details: { timeoutMs },
      }),
    );
  const forward = () => controller.abort(signal?.reason);
  const timer = setTimeout(expire, timeoutMs);
  if (signal?.aborted) forward();
  else signal?.addEventListener("abort", forward, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", forward);
    },
  };
}

/** Settles like `promise`, or rejects with the signal's reason as soon as it aborts. */
export function raceSignal<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  if (signal.aborted) {
    promise.catch(() => {});
    return Promise.reject(signal.reason);
  }
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
