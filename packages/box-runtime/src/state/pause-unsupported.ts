import { RuntimeError } from "../errors/runtime-error.ts";

export function pauseUnsupported(what: "paused" | "resumed"): RuntimeError {
  return new RuntimeError({
    code: "PAUSE_UNSUPPORTED",
    message: `A box cannot be ${what}: libkrun cannot stop the processors of a VM and let them go on`,
    hint: "Send SIGSTOP and SIGCONT to processes of the box instead.",
  });
}
