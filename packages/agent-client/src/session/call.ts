import { BoxError, startDeadline } from "@a3s/core";
import { AgentError } from "../errors/agent-error.ts";
import { DEFAULT_KEEP_ALIVE_INTERVAL_MS, DEFAULT_KEEP_ALIVE_TIMEOUT_MS } from "./keep-alive.ts";

/** Bounds of one call. */
export interface CallOptions {
  /** Abort to give the call up; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Time for the answer in milliseconds; {@link DEFAULT_CALL_TIMEOUT_MS} by default, `Infinity` for no limit. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Time that a call with one answer may take, in milliseconds. `exec` has no such limit. As long as a silent guest counts as living
 * (the keep-alive's interval and its answer's time): a shorter one gave up guests that were short of CPU.
 */
export const DEFAULT_CALL_TIMEOUT_MS = DEFAULT_KEEP_ALIVE_INTERVAL_MS + DEFAULT_KEEP_ALIVE_TIMEOUT_MS;

/**
 * Makes a call with one answer, within its deadline.
 *
 * @throws the signal's reason, CoreError `DEADLINE_EXCEEDED`, or {@link AgentError}.
 */
export async function callAgent<T>(
  what: string,
  options: CallOptions,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, timeoutMs = DEFAULT_CALL_TIMEOUT_MS } = options;
  using deadline =
    timeoutMs === Number.POSITIVE_INFINITY
      ? undefined
      : startDeadline({ signal, timeoutMs, what: `The guest agent's answer to ${what}` });
  const bound = deadline?.signal ?? signal ?? new AbortController().signal;
  try {
    return await call(bound);
  } catch (error) {
    if (bound.aborted) throw bound.reason;
    throw error instanceof BoxError ? error : AgentError.from(error);
  }
}

/** A signal that aborts with `source`, or by itself. */
export function cancellation(source: AbortSignal | undefined): Disposable & { signal: AbortSignal; cancel(): void } {
  const controller = new AbortController();
  // A reason that costs nothing to make: nobody is told of it.
  const cancel = () => controller.abort("cancelled");
  if (source?.aborted) cancel();
  else source?.addEventListener("abort", cancel, { once: true });
  return {
    signal: controller.signal,
    cancel,
    [Symbol.dispose]: () => source?.removeEventListener("abort", cancel),
  };
}
