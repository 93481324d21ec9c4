import { BoxError } from "@a3s/core";
import { RuntimeError } from "../errors/runtime-error.ts";

/** What the host's system said of a copy, as an error of ours; everything else is handed back as it is. */
export function copyFault(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof BoxError || !(error instanceof Error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code !== "string") return error;
  return new RuntimeError({
    code: "COPY_FAILED",
    message: `The copy failed on the host: ${error.message}`,
    hint: "`details.errno` says what the host's system answered.",
    details: { errno: code },
    cause: error,
  });
}
