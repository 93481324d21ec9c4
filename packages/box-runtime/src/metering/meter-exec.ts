import type { ExecProcess } from "@a3s/agent-client";
import { BoxError } from "@a3s/core";
import type { BoxMetrics } from "@a3s/metrics";

/** Counts a command when it has ended, and takes none of its output. */
export function meterExec(process: ExecProcess, metrics: BoxMetrics | undefined): ExecProcess {
  if (metrics === undefined) return process;
  const begunMs = performance.now();
  process.exited.then(
    ({ durationMs }) => metrics.recordExec({ durationMs }),
    (error: unknown) =>
      metrics.recordExec({ durationMs: performance.now() - begunMs, errorCode: errorCodeOf(error) ?? "_OTHER" }),
  );
  return process;
}

/** The code of an error of this project; undefined for others, as the reason of a signal is. */
export function errorCodeOf(error: unknown): string | undefined {
  return error instanceof BoxError ? error.code : undefined;
}
