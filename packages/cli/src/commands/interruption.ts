import { constants } from "node:os";
import { InterruptedBySignal } from "../output/error-report.ts";

/** Signals that ask a process to end. */
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** Signals that a command of a box gets when this process does: those that somebody sends on purpose. */
export const FORWARDED = [...ENDING, "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;

/** Calls a listener for each of the signals, by default those that ask this process to end, until it is disposed. */
export function onSignals(
  listener: (name: NodeJS.Signals, number: number) => void,
  names: readonly NodeJS.Signals[] = ENDING,
): Disposable {
  const handlers = names.map((name) => {
    const handler = () => listener(name, constants.signals[name]);
    process.on(name, handler);
    return () => process.off(name, handler);
  });
  return {
    [Symbol.dispose]() {
      for (const remove of handlers) remove();
    },
  };
}

/** Runs a task that ends, cleaned up, when this process is asked to end. */
export async function interruptible<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController();
  using _signals = onSignals((name, number) => interruption.abort(new InterruptedBySignal(name, number)));
  return await task(interruption.signal);
}

/** As {@link interruptible}, for what goes on until somebody ends it, which is no failure then: 0, or 128 + N after signal N. */
export async function untilInterrupted(task: (signal: AbortSignal) => Promise<void>): Promise<number> {
  try {
    await interruptible(task);
    return 0;
  } catch (error) {
    if (error instanceof InterruptedBySignal) return 128 + error.number;
    throw error;
  }
}
