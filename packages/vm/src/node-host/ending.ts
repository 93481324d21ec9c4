import { constants } from "node:os";
import type { ExitRecord, StartFailure } from "../process/exit-record.ts";
import { EXIT_FAILED } from "./failure.ts";
import type { VmProcessEnd } from "./vm-process.ts";

/** What is known when the VM process is gone. */
export interface Ending {
  readonly ended: VmProcessEnd;
  /** Why the monitor ended the VM, when it did. */
  readonly asked: "stopped" | "creator" | undefined;
  readonly failure: StartFailure | undefined;
  /** What could not be written into the log. */
  readonly log: ExitRecord["log"];
}

/** The end of a VM that did not come to its start. */
export function failedStart(failure: StartFailure): Ending {
  const ended = { code: EXIT_FAILED, signal: null };
  return { ended, asked: undefined, failure, log: { records: 0, bytes: 0 } };
}

/** What `exit.json` says of it: native/vm-host/PROTOCOL.md, "End". Pure. */
export function exitRecord({ ended, asked, failure, log }: Ending, startedAt: Date, endedAt: Date): ExitRecord {
  return {
    version: 1,
    ...outcome(ended, asked, failure),
    startedAt: startedAt.toISOString(),
    endedAt: endedAt.toISOString(),
    failure: failure ?? null,
    log,
  };
}

function outcome(
  { code, signal }: VmProcessEnd,
  asked: Ending["asked"],
  failure: StartFailure | undefined,
): Pick<ExitRecord, "code" | "signal" | "cause"> {
  if (failure !== undefined) return { code: EXIT_FAILED, signal: null, cause: "start" };
  if (signal === null) return { code, signal: null, cause: "guest" };
  return { code: null, signal: constants.signals[signal], cause: asked ?? "signal" };
}
