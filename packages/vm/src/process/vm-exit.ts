import { constants } from "node:os";
import type { DroppedLog } from "../log/log-entry.ts";
import type { ExitRecord, StartFailure } from "./exit-record.ts";
import { findPanic } from "./panic.ts";

/** How a VM ended. */
export interface VmExit {
  /** Exit code of the guest's first program, or of what stood in its place; null when a signal or a fault ended the VM. */
  readonly code: number | null;
  /** Signal that ended the VM process, such as `SIGKILL`; null when it exited. */
  readonly signal: SignalName | null;
  readonly cause: VmExitCause;
  /** All of this in one sentence. */
  readonly meaning: string;
  /** Why the VM did not start, when that was it. */
  readonly failure: StartFailure | null;
  /** ISO 8601; null when no record was left. */
  readonly endedAt: string | null;
  /** Output that is missing in the log, because it could not be written; null when no record was left. */
  readonly dropped: DroppedLog | null;
}

/** A name as Node.js has it, and a number for real-time signals, which have none. */
export type SignalName = NodeJS.Signals | `signal ${number}`;

/**
 * - `guest`: the guest ended by itself, with `code`: 0 also when nobody told libkrun another one.
 * - `panic`: the guest's kernel panicked, as the last of its console says; a guest's root can make it seem so.
 * - `vmm`: libkrun could not run a virtual CPU any further, as it says on the console; a guest's root can make that seem so, too.
 * - `init`: libkrun's init probably could not run the guest's program (125, 126, 127); a program may also choose such a code.
 * - `stopped`: vm-host was told to end the VM: `stop()`, `kill()`, disposal, or a SIGTERM from elsewhere.
 * - `creator`: the process that started the VM is gone, and the VM was not detached.
 * - `signal`: a signal from elsewhere ended the VM process: a fault, the system out of memory, an operator.
 * - `start`: the VM process never became a VM.
 * - `monitor`: vm-host itself was ended from outside; the VM went with it.
 */
export type VmExitCause = "guest" | "panic" | "vmm" | "init" | "stopped" | "creator" | "signal" | "start" | "monitor";

/** Exit codes of libkrun's init, from the description of krun_start_enter in libkrun.h. */
const INIT_CODES: Readonly<Record<number, string>> = {
  125: "libkrun's init could not set up the guest",
  126: "the guest's program was found but could not be executed",
  127: "the guest's program was not found",
};

/** docs/security.md: somebody broke out of the guest, or this libkrun needs what the filter does not know. */
const REFUSED_CALL =
  "The VM was ended by SIGSYS: it made a system call that its jail does not allow; stderr and console may say which";

/** What the end of the vm-host process and its record say together. The record knows more, so it wins. @param stderr what libkrun had to say */
export function judgeExit(
  ended: { readonly code: number | null; readonly signal: NodeJS.Signals | null },
  record: ExitRecord | undefined,
  stderr = "",
): VmExit {
  if (record === undefined) return judgeUnrecorded(ended);
  const { failure, endedAt, log: dropped, cause } = record;
  const signal = record.signal === null ? null : signalName(record.signal);
  const exit = { code: record.code, signal, failure, endedAt, dropped };
  if (failure !== null) {
    return { ...exit, cause: "start", meaning: `The VM did not start: ${failure.what}: ${failure.message}` };
  }
  if (cause === "stopped") return { ...exit, cause, meaning: "The VM was stopped" };
  if (cause === "creator") return { ...exit, cause, meaning: "The VM ended with the process that started it" };
  if (signal === "SIGSYS") return { ...exit, cause: "signal", meaning: REFUSED_CALL };
  if (signal !== null) {
    const panic = signal === "SIGABRT" ? findPanic(stderr) : undefined;
    return {
      ...exit,
      cause: "signal",
      meaning: `The VM was ended by ${signal}${panic === undefined ? "" : `: ${panic}`}`,
    };
  }
  if (cause === "panic" || cause === "vmm") {
    const what = cause === "panic" ? "The guest's kernel panicked" : "libkrun could not run a virtual CPU any further";
    return { ...exit, cause, meaning: `${what}: ${record.fault ?? "unknown"}` };
  }
  return { ...exit, ...judgeCode(record.code ?? 0) };
}

/** Both are null for whoever is not its parent: nobody else can know, and nothing is guessed. */
function judgeUnrecorded({ code, signal }: { code: number | null; signal: NodeJS.Signals | null }): VmExit {
  const exited =
    code === null ? "was killed or its machine restarted: it left no record" : `exited with ${code} and left no record`;
  const by = signal === null ? exited : `was ended by ${signal}`;
  return { code, signal, cause: "monitor", meaning: `vm-host ${by}`, failure: null, endedAt: null, dropped: null };
}

function judgeCode(code: number): Pick<VmExit, "cause" | "meaning"> {
  const init = INIT_CODES[code];
  if (init === undefined) return { cause: "guest", meaning: `The guest ended with exit code ${code}` };
  return { cause: "init", meaning: `The VM ended with exit code ${code}: ${init}, or its program chose this code` };
}

function signalName(number: number): SignalName {
  const known = Object.entries(constants.signals).find(([, value]) => value === number);
  return (known?.[0] as NodeJS.Signals | undefined) ?? `signal ${number}`;
}
