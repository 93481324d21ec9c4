import { writeSync } from "node:fs";
import type { StartFailure } from "../process/exit-record.ts";

const STDOUT = 1;
const STDERR = 2;

/** One event on stdout. The starter may have closed its end; the VM does not depend on it. */
export function say(event: unknown): void {
  write(STDOUT, event);
}

/** Why no guest was started, for whoever reads stderr alone. */
export function tell(failure: StartFailure): void {
  write(STDERR, failure);
}

function write(fd: number, message: unknown): void {
  try {
    writeSync(fd, `${JSON.stringify(message)}\n`);
  } catch {
    // Nobody listens.
  }
}
