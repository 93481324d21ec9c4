import { VmError } from "../errors/vm-error.ts";
import type { SwitchFailure } from "./switch-answer.ts";

/** The error for a switch that does not do what it was asked. */
export function switchError(why: string, failure?: SwitchFailure, cause?: unknown): VmError {
  return new VmError({
    code: "SWITCH_FAILED",
    message: `The switch of the network ${why}`,
    hint:
      failure?.stage === "jail"
        ? 'The system must allow each measure of the jail (user namespaces: sysctl user.max_user_namespaces); jail: "best-effort" starts without those that it does not.'
        : "vm-host and @a3s/vm must be of the same version; look at the paths of the home directory.",
    ...(cause === undefined ? {} : { cause }),
    details: { failure },
  });
}
