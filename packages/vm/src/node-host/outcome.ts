import { constants } from "node:os";
import type { ExitRecord, StartFailure } from "../process/exit-record.ts";
import { EXIT_CODE } from "./failure.ts";
import type { Dropped } from "./log/record.ts";

/** What is known when the VM process is gone. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why the monitor ended the VM, when it did. */
  readonly asked: "stopped" | "creator" | undefined;
  readonly failure: StartFailure | undefined;
  /** What the guest's kernel said of its panic. */
  readonly panic: string | undefined;
  readonly log: Dropped;
}

/** The end of a VM that never began. */
export function endingOf(failure: StartFailure): Ending {
  return { code: EXIT_CODE, signal: null, asked: undefined, failure, panic: undefined, log: { records: 0, bytes: 0 } };
}

/** The record of an end: native/vm-host/PROTOCOL.md, "End". Pure. */
export function exitRecord(startedAt: Date, endedAt: Date, ending: Ending): ExitRecord {
  const { code, signal, asked, failure, log } = ending;
  // libkrun ends with 0 when nobody in the guest has said another code: that of a panic is nobody's.
  const panic = failure === undefined && code === 0 ? ending.panic : undefined;
  const end =
    failure !== undefined
      ? { code: EXIT_CODE, signal: null, cause: "start" as const }
      : signal === null
        ? panic === undefined
          ? { code, signal: null, cause: "guest" as const }
          : { code: null, signal: null, cause: "panic" as const }
        : { code: null, signal: constants.signals[signal], cause: asked ?? ("signal" as const) };
  const times = { startedAt: startedAt.toISOString(), endedAt: endedAt.toISOString() };
  const missing = { records: log.records, bytes: log.bytes };
  return { version: 1, ...end, ...times, failure: failure ?? null, panic: panic ?? null, log: missing };
}

/** The monitor's own exit code. Pure. */
export function exitCode({ code, signal }: ExitRecord): number {
  return code ?? (signal === null ? EXIT_CODE : 128 + signal);
}
