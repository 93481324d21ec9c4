import { constants } from "node:os";
import { InterruptedBySignal } from "../output/error-report.ts";

/** Calls a listener for each signal that asks this process to end, until it is disposed. */
export function onSignals(listener: (name: NodeJS.Signals, number: number) => void): Disposable {
  const handlers = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((name) => {
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
