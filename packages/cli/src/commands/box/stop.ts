import type { BoxStopOptions } from "@a3s/box-runtime";
import { parseSignal } from "../../options/signal.ts";
import { eachBox } from "./each-box.ts";

/** Options of commands that ask boxes to end. */
export interface StopOptions {
  readonly signal?: string;
  /** Seconds. */
  readonly timeout?: number;
}

/** `a3s-box stop`: prints each name that has ended. */
export async function stopBoxes(names: readonly string[], options: StopOptions): Promise<void> {
  const how = howOf(options);
  await eachBox(names, (box, signal) => box.stop({ signal, ...how }));
}

/** `a3s-box restart`: prints each name that runs again. */
export async function restartBoxes(names: readonly string[], options: StopOptions): Promise<void> {
  const how = howOf(options);
  await eachBox(names, (box, signal) => box.restart({ signal, ...how }));
}

function howOf({ signal, timeout }: StopOptions): BoxStopOptions {
  return {
    signalName: signal === undefined ? undefined : parseSignal(signal),
    graceMs: timeout === undefined ? undefined : timeout * 1000,
  };
}
