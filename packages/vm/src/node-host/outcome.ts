import { constants } from "node:os";
import type { ExitRecord, StartFailure } from "../process/exit-record.ts";
import { EXIT_CODE } from "./failure.ts";
import type { Fault } from "./log/fault-watch.ts";
import type { Dropped } from "./log/record.ts";

/** What is known when the VM process is gone. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why the monitor ended the VM, when it did. */
  readonly asked: "stopped" | "creator" | undefined;
  readonly failure: StartFailure | undefined;
  /** What was said of it on the console. */
  readonly fault: Fault | undefined;
  readonly log: Dropped;
}

/** The end of a VM that never began. */
export function endingOf(failure: StartFailure): Ending {
  return { code: EXIT_CODE, signal: null, asked: undefined, failure, fault: undefined, log: { records: 0, bytes: 0 } };
}

/** The record of an end: native/vm-host/PROTOCOL.md, "End". Pure. */
export function exitRecord(startedAt: Date, endedAt: Date, ending: Ending): ExitRecord {
  const { code, signal, asked, failure, log } = ending;
  const cause = failure === undefined ? causeOfFault(ending) : undefined;
  const fault = cause && ending.fault?.said;
  const end =
    failure !== undefined
      ? { code: EXIT_CODE, signal: null, cause: "start" as const }
      : cause !== undefined
        ? { code: null, signal: null, cause }
        : signal === null
          ? { code, signal: null, cause: "guest" as const }
          : { code: null, signal: constants.signals[signal], cause: asked ?? ("signal" as const) };
  const times = { startedAt: startedAt.toISOString(), endedAt: endedAt.toISOString() };
  const missing = { records: log.records, bytes: log.bytes };
  return { version: 1, ...end, ...times, failure: failure ?? null, fault: fault ?? null, log: missing };
}

/**
 * libkrun ends with 0 when nobody in the guest has said another code, and with 1 when it gives a virtual CPU up: those codes are nobody's
 * then.
 */
function causeOfFault({ code, fault }: Ending): "panic" | "vmm" | undefined {
  if (code === 0 && fault?.kind === "panic") return "panic";
  return code === 1 && fault?.kind === "vcpu" ? "vmm" : undefined;
}

/** The monitor's own exit code. Pure. */
export function exitCode({ code, signal }: ExitRecord): number {
  return code ?? (signal === null ? EXIT_CODE : 128 + signal);
}
