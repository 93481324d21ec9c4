import { eachBox } from "./each-box.ts";

/** Options of commands that ask boxes to end. */
export interface StopOptions {
  /** Seconds. */
  readonly timeout?: number;
}

/** `a3s-box stop`: prints each name that has ended. */
export async function stopBoxes(names: readonly string[], options: StopOptions): Promise<void> {
  await eachBox(names, (box, signal) => box.stop({ signal, graceMs: graceOf(options) }));
}

/** `a3s-box restart`: prints each name that runs again. */
export async function restartBoxes(names: readonly string[], options: StopOptions): Promise<void> {
  await eachBox(names, (box, signal) => box.restart({ signal, graceMs: graceOf(options) }));
}

function graceOf({ timeout }: StopOptions): number | undefined {
  return timeout === undefined ? undefined : timeout * 1000;
}
