import { VmError } from "../errors/vm-error.ts";
import { isKrunFunction } from "../libkrun/api.ts";
import { lackingCall } from "../libkrun/lacking-call.ts";
import type { StartFailure } from "./exit-record.ts";

/** What is known of a VM besides what it was told to say. */
export interface VmEvidence {
  /** The last 4 KiB of vm-host's stderr; empty for a detached VM. */
  readonly stderrTail: string;
  /** The last 4 KiB of the console's log: the guest's output, its kernel's and libkrun's. */
  readonly consoleTail: string;
}

const HINTS: Readonly<Record<StartFailure["stage"] | "unknown", string>> = {
  spec: "vm-host and @a3s/vm must be of the same version; look at the paths that were given.",
  load: "Look at the libraries: checkHost() says which were found and whether they can be loaded.",
  jail: 'What is shared must exist, and the system must allow each measure of the jail (user namespaces: sysctl user.max_user_namespaces); jail: "best-effort" starts without those that it does not.',
  call: "libkrun refused a value of the VM's specification; the message names the call.",
  program:
    "The program at the other end of the network card has to run on this machine; the message says what it said.",
  unknown: "Look at the details: they hold the ends of vm-host's stderr and of the console.",
};

/** The error for a VM that did not start, with all evidence in its details. */
export function startError(
  failure: StartFailure | undefined,
  evidence: VmEvidence,
  ending: { readonly how: string; readonly cause?: unknown },
): VmError {
  const lacking = failure === undefined ? undefined : lackingFunction(failure);
  const why = failure === undefined ? ending.how : `${failure.what}: ${failure.message}`;
  return new VmError({
    code: lacking?.code ?? "VM_START_FAILED",
    message: `The VM did not start: ${why}${lacking === undefined ? "" : `; it needs ${lacking.needs}`}`,
    hint: lacking?.hint ?? HINTS[failure?.stage ?? "unknown"],
    ...(ending.cause === undefined ? {} : { cause: ending.cause }),
    details: { failure, ...evidence },
  });
}

/** What is known of a function that libkrun should have and has not. */
function lackingFunction({ stage, what }: StartFailure): ReturnType<typeof lackingCall> | undefined {
  const [, name] = /^krun_(\w+)$/.exec(what) ?? [];
  return stage === "load" && name !== undefined && isKrunFunction(name) ? lackingCall(name) : undefined;
}
