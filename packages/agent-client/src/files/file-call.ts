import { BoxError, startDeadline } from "@a3s/core";
import { AgentError } from "../errors/agent-error.ts";
import { type CallOptions, callAgent, cancellation } from "../session/call.ts";
import { fileFault } from "./file-fault.ts";

/** Bounds of a call about files, and on whose behalf it is made. */
export interface FileOptions extends CallOptions {
  /** "user", "uid", "user:group" or "uid:gid" of the guest, with whose rights the call is made; root by default. */
  readonly user?: string | undefined;
}

/** Bounds of a call that moves content: `timeoutMs` is the time for all of it, and there is none by default. */
export type TransferOptions = FileOptions;

/** Makes a call with one answer. @throws the signal's reason, CoreError `DEADLINE_EXCEEDED`, or {@link AgentError}. */
export function callFiles<T>(
  what: string,
  options: FileOptions,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return callAgent(what, options, async (signal) => {
    try {
      return await call(signal);
    } catch (error) {
      throw fileFault(error);
    }
  });
}

/**
 * The messages of a call, one asked for at a time. Leaving the iteration ends the call.
 *
 * @throws as {@link callFiles}
 */
export async function* streamFiles<T>(
  what: string,
  options: TransferOptions,
  call: (signal: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  using bounds = transferBounds(what, options);
  try {
    for await (const message of call(bounds.signal)) yield message;
  } catch (error) {
    throw bounds.failure(error);
  } finally {
    bounds.cancel();
  }
}

/** The signal of a transfer, and what it means that the transfer failed. */
export function transferBounds(what: string, { signal, timeoutMs }: TransferOptions) {
  const subject = `The end of ${what}`;
  const deadline = timeoutMs === undefined ? undefined : startDeadline({ signal, timeoutMs, what: subject });
  const bound = deadline?.signal ?? signal;
  const cancel = cancellation(bound);
  return {
    signal: cancel.signal,
    cancel: cancel.cancel,
    failure(error: unknown): unknown {
      if (bound?.aborted) return bound.reason;
      const fault = fileFault(error);
      return fault instanceof BoxError ? fault : AgentError.from(fault);
    },
    [Symbol.dispose]() {
      cancel[Symbol.dispose]();
      deadline?.[Symbol.dispose]();
    },
  };
}
