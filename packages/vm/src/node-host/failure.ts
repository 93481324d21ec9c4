import type { StartFailure } from "../process/exit-record.ts";
import { describeErrno } from "./posix.ts";

/** Exit code, of the process and in its record, when no guest was started. */
export const EXIT_CODE = 70;

/** Thrown where a start ends; `failure` is what the protocol says of it. */
export class StartFailed extends Error {
  readonly failure: StartFailure;

  constructor(failure: StartFailure) {
    super(`${failure.what}: ${failure.message}`);
    this.failure = failure;
  }
}

/** Not a system error. */
export function failed(stage: StartFailure["stage"], what: string, message: string): StartFailed {
  return new StartFailed({ stage, what, errno: 0, message });
}

/** By a Linux error number. */
export function failedWith(stage: StartFailure["stage"], what: string, errno: number): StartFailed {
  return new StartFailed({ stage, what, errno, message: describeErrno(errno) });
}

/** By what Node.js threw, with its error number if it has one; a failure stays what it is. */
export function failedBy(stage: StartFailure["stage"], what: string, error: unknown): StartFailed {
  if (error instanceof StartFailed) return error;
  const { errno } = error as NodeJS.ErrnoException;
  return typeof errno === "number" ? failedWith(stage, what, Math.abs(errno)) : failed(stage, what, String(error));
}

/** Runs a step of a start, and words what it throws. */
export function step<T>(stage: StartFailure["stage"], what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw failedBy(stage, what, error);
  }
}
