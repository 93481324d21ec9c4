import { BoxError } from "@a3s/core";
import type { VmExit, VmProcess } from "@a3s/vm";
import { mayBeOfAgent } from "../boot/agent-code.ts";
import type { MainExit } from "../boot/main-end.ts";
import type { BoxExit } from "./box-life.ts";
import type { BoxRecord } from "./box-record.ts";

/** Of a run whose VM left no trace, or that was cut short before there was one. */
export const UNKNOWN_END: BoxExit = {
  exitCode: null,
  signal: null,
  meaning: "How it ended is not known: no VM left a record",
  endedAt: null,
};

/** How a run ended, from what the VM left and, where somebody has heard it, what its agent said. Pure. */
export function boxExit(
  { main, intent }: Pick<BoxRecord, "main" | "intent">,
  { code, cause, meaning, endedAt }: Pick<VmExit, "code" | "cause" | "meaning" | "endedAt">,
  heard?: MainExit,
): BoxExit {
  const ofGuest = main !== null && (cause === "guest" || cause === "init") && code !== null;
  const ofMain = ofGuest && !mayBeOfAgent(code, { booting: intent === "starting" });
  return hearing({ exitCode: ofMain ? code : null, signal: null, meaning, endedAt }, heard);
}

/** An end with what an agent said of it. */
export function hearing(exit: BoxExit, heard: MainExit | undefined): BoxExit {
  return { ...exit, exitCode: heard?.exitCode ?? exit.exitCode, signal: heard?.signal ?? exit.signal };
}

/** How the run of a VM that is gone ended; of none, that nobody knows. */
export async function endOf(record: BoxRecord, vm: VmProcess | undefined): Promise<BoxExit> {
  return vm === undefined ? UNKNOWN_END : boxExit(record, await vm.exited);
}

/** The end of a run that never came to be. */
export function failedStart(error: unknown): BoxExit {
  const exitCode = error instanceof BoxError ? error.details["exitCode"] : undefined;
  return {
    exitCode: typeof exitCode === "number" ? exitCode : null,
    signal: null,
    meaning: `It did not start: ${error instanceof Error ? error.message : String(error)}`,
    endedAt: new Date().toISOString(),
  };
}
