import { BoxError } from "@a3s/core";
import { type HostFinding, type StartFailure, VmError, type VmProcess } from "@a3s/vm";
import { RuntimeError } from "../errors/runtime-error.ts";
import type { BootStage } from "./boot-stage.ts";

/** Where and in what a boot failed. */
export interface BootFailure {
  readonly stage: BootStage;
  /** The VM, once it had started. */
  readonly vm: VmProcess | undefined;
  readonly callerSignal: AbortSignal;
  /** Looks for what is wrong with this machine; asked only when that can be the reason. */
  readonly examineHost: () => Promise<readonly HostFinding[]>;
}

/** Stages in which a guest has not said anything yet: what fails here is as often the machine as the guest. */
const SILENT: ReadonlySet<BootStage> = new Set(["spawn", "kernel"]);

/** The main process could not be started: exec's own errors, which say it best. */
function isCommandError(error: unknown): boolean {
  return error instanceof BoxError && /^(COMMAND|EXEC)_/.test(error.code);
}

/** The program behind the box's network card did not run: a port is taken, or this machine has no network itself. */
function networkError(error: unknown): RuntimeError | undefined {
  if (!(error instanceof VmError) || error.code !== "VM_START_FAILED") return undefined;
  const { failure } = error.details as { readonly failure?: StartFailure };
  if (failure?.stage !== "program") return undefined;
  return new RuntimeError({
    code: "NETWORK_UNENFORCEABLE",
    message: `The box's network cannot be had: ${failure.what}: ${failure.message}`,
    hint: "A port of the host must be free to be published, and the host must have a default route itself.",
    cause: error,
    details: { failure },
  });
}

/** What a failed boot rejects with: the caller's own reason, the start's own error, or ours with all the evidence. */
export async function bootError(error: unknown, failure: BootFailure): Promise<unknown> {
  const { stage, vm, callerSignal } = failure;
  if (callerSignal.aborted) return callerSignal.reason;
  const timedOut = error instanceof BoxError && error.code === "DEADLINE_EXCEEDED";
  const network = networkError(error);
  if (network !== undefined) return network;
  if ((vm === undefined && !timedOut) || isCommandError(error)) return error;
  const evidence = (await vm?.evidence()) ?? { consoleTail: "", stderrTail: "" };
  const fault = SILENT.has(stage)
    ? (await failure.examineHost()).find(({ severity }) => severity === "error")
    : undefined;
  if (fault !== undefined) {
    return new RuntimeError({
      code: "HOST_UNFIT",
      message: `The box did not boot, because this machine cannot run guests: ${fault.message}`,
      ...(fault.fix === undefined ? {} : { hint: fault.fix }),
      cause: error,
      details: { stage, finding: fault.code, ...evidence },
    });
  }
  return new RuntimeError({
    code: timedOut ? "BOOT_TIMEOUT" : "BOOT_FAILED",
    message: timedOut
      ? `The box was not ready in time; it was in stage ${JSON.stringify(stage)}`
      : `The box did not boot; stage ${JSON.stringify(stage)} failed: ${error instanceof Error ? error.message : String(error)}`,
    hint: timedOut
      ? "Allow more time by `bootTimeoutMs`; checkHost() (a3s-box doctor) says whether guests can run here."
      : "The console's tail in the details says more; checkHost() (a3s-box doctor) says whether guests can run here.",
    cause: error,
    details: { stage, ...evidence },
  });
}
