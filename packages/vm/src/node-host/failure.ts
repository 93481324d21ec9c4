import { getSystemErrorMessage } from "node:util";
import type { StartFailure } from "../process/exit-record.ts";

/** Exit code of a start that failed before the guest ran: native/vm-host/PROTOCOL.md, "End". */
export const EXIT_FAILED = 70;

/** Why no guest was started, thrown from wherever that is found out. */
export class HostFailure extends Error {
  readonly failure: StartFailure;

  constructor(failure: StartFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** A failure that is no system error. */
export function fault(stage: StartFailure["stage"], what: string, message: string): HostFailure {
  return new HostFailure({ stage, what, errno: 0, message });
}

/** A failed system call, by its error number. */
export function systemFault(stage: StartFailure["stage"], what: string, errno: number): HostFailure {
  return new HostFailure({ stage, what, errno, message: `${getSystemErrorMessage(-errno)} (os error ${errno})` });
}

/** What any error means for the start; `what` names what an error of Node.js was about. */
export function failureOf(error: unknown, what = "vm-host"): StartFailure {
  if (error instanceof HostFailure) return error.failure;
  const { errno } = error as NodeJS.ErrnoException;
  return (errno === undefined ? fault("spec", what, String(error)) : systemFault("spec", what, Math.abs(errno)))
    .failure;
}

/** Runs what may fail in a system call of Node.js, and says what it was for. */
export function attempt<T>(stage: StartFailure["stage"], what: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw new HostFailure({ ...failureOf(error, what), ...(error instanceof HostFailure ? {} : { stage }) });
  }
}
