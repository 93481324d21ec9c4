import { raceSignal, startDeadline } from "@a3s/core";

/** How to end something that may not want to end. */
export interface StopLadder<T> {
  readonly terminate: () => void;
  readonly kill: () => void;
  readonly ended: Promise<T>;
  /** Milliseconds between the two. */
  readonly graceMs: number;
  /** Ends the wait with its reason; what was asked for stays asked. */
  readonly signal?: AbortSignal | undefined;
}

/** Asks, and insists after the grace; resolves with the end. */
export async function climb<T>({ terminate, kill, ended, graceMs, signal }: StopLadder<T>): Promise<T> {
  signal?.throwIfAborted();
  terminate();
  using deadline = startDeadline({ timeoutMs: graceMs, what: "The end of vm-host", signal });
  try {
    return await raceSignal(ended, deadline.signal);
  } catch (reason) {
    if (reason !== deadline.signal.reason) throw reason;
    signal?.throwIfAborted();
    kill();
    return await raceSignal(ended, signal);
  }
}
