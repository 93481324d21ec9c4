import { constants } from "node:os";
import type { ExitRecord, StartFailure } from "./exit-record.ts";

/** How a VM ended. */
export interface VmExit {
  /** Exit code of the guest's first program, or of what stood in its place; null when a signal ended the VM process. */
  readonly code: number | null;
  /** Signal that ended the VM process, such as `SIGKILL`; null when it exited. */
  readonly signal: string | null;
  readonly cause: VmExitCause;
  /** All of this in one sentence. */
  readonly meaning: string;
  /** Why the VM did not start, when that was it. */
  readonly failure: StartFailure | null;
  /** ISO 8601; null when no record was left. */
  readonly endedAt: string | null;
}

/**
 * - `guest`: the guest ended by itself, with `code`.
 * - `init`: libkrun's init probably could not run the guest's program (125, 126, 127); a program may also choose such a code.
 * - `signal`: a signal ended the VM process: `kill()`, the end of the creator, the system out of memory, or a fault.
 * - `start`: the VM process never became a VM.
 * - `monitor`: vm-host itself was ended from outside; the VM went with it.
 */
export type VmExitCause = "guest" | "init" | "signal" | "start" | "monitor";

/** Exit codes of libkrun's init, from the description of krun_start_enter in libkrun.h. */
const INIT_CODES: Readonly<Record<number, string>> = {
  125: "libkrun's init could not set up the guest",
  126: "the guest's program was found but could not be executed",
  127: "the guest's program was not found",
};

/** docs/security.md: somebody broke out of the guest, or this libkrun needs what the filter does not know. */
const REFUSED_CALL =
  "The VM was ended by SIGSYS: it made a system call that its jail does not allow; its stderr and console say which";

/** What the end of the vm-host process and its record say together. The record knows more, so it wins. */
export function judgeExit(
  ended: { readonly code: number | null; readonly signal: string | null },
  record: ExitRecord | undefined,
): VmExit {
  if (record === undefined) return judgeUnrecorded(ended);
  const { failure, endedAt } = record;
  const signal = record.signal === null ? null : signalName(record.signal);
  const exit = { code: record.code, signal, failure, endedAt };
  if (failure !== null) {
    return { ...exit, cause: "start", meaning: `The VM did not start: ${failure.what}: ${failure.message}` };
  }
  if (signal === "SIGSYS") return { ...exit, cause: "signal", meaning: REFUSED_CALL };
  if (signal !== null) return { ...exit, cause: "signal", meaning: `The VM was ended by ${signal}` };
  return { ...exit, ...judgeCode(record.code ?? 0) };
}

function judgeUnrecorded({ code, signal }: { code: number | null; signal: string | null }): VmExit {
  const by = signal === null ? `exited with ${code} and left no record` : `was ended by ${signal}`;
  return { code, signal, cause: "monitor", meaning: `vm-host ${by}`, failure: null, endedAt: null };
}

function judgeCode(code: number): Pick<VmExit, "cause" | "meaning"> {
  const init = INIT_CODES[code];
  if (init === undefined) return { cause: "guest", meaning: `The guest ended with exit code ${code}` };
  return { cause: "init", meaning: `The VM ended with exit code ${code}: ${init}, or its program chose this code` };
}

function signalName(number: number): string {
  const known = Object.entries(constants.signals).find(([, value]) => value === number);
  return known?.[0] ?? `signal ${number}`;
}
