import type { AgentClient, ExecOptions } from "@a3s/agent-client";
import type { CompleteHealthCheck } from "../plan/health-check.ts";
import { type BoxHealthCheck, MAX_OUTPUT_BYTES } from "./health-state.ts";
import { monotonicMs } from "./monotonic.ts";

/** What an agent may take beyond the timeout of a check until it is no answer, in ms. */
const PATIENCE_MS = 5000;

/** How the command of a check is run: as processes of its box are. */
export type CheckProcess = Pick<
  ExecOptions,
  "env" | "cwd" | "user" | "rlimits" | "capabilities" | "newPrivileges" | "seccomp"
>;

/**
 * Checks the health of a box once. What cannot be checked is not healthy: only the signal ends the call with an error.
 *
 * @throws the signal's reason; the guest kills the command then.
 */
export async function checkHealth(
  agent: AgentClient,
  { test, timeoutMs }: Pick<CompleteHealthCheck, "test" | "timeoutMs">,
  process: CheckProcess,
  signal: AbortSignal,
): Promise<BoxHealthCheck> {
  const at = new Date().toISOString();
  const begunMs = monotonicMs();
  const outcome = (exitCode: number | null, output: string): BoxHealthCheck => ({
    ...{ at, durationMs: monotonicMs() - begunMs, exitCode, output },
  });
  const patience = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs + PATIENCE_MS)]);
  try {
    if (typeof test === "string") {
      const health = await agent.health({ timeoutMs, signal: patience });
      return outcome(health === "serving" ? 0 : 1, `The agent's health is ${health}`);
    }
    const { exitCode, timedOut, output } = await run(agent, test, { ...process, timeoutMs, signal: patience });
    return timedOut ? outcome(null, `${output}It did not end within ${timeoutMs} ms`) : outcome(exitCode, output);
  } catch (error) {
    signal.throwIfAborted();
    return outcome(null, (error instanceof Error ? error.message : String(error)).slice(0, MAX_OUTPUT_BYTES));
  }
}

/** Keeps the beginning of the output, and reads the rest: a command must not hang because it says much. */
async function run(agent: AgentClient, test: readonly string[], options: ExecOptions) {
  const kept: Uint8Array[] = [];
  let room = MAX_OUTPUT_BYTES;
  for await (const event of agent.exec(test, options)) {
    if (event.type === "stdout" || event.type === "stderr") {
      if (room > 0) kept.push(event.data.slice(0, room));
      room -= event.data.length;
    } else if (event.type === "exit") {
      return { ...event, output: Buffer.concat(kept).toString("utf8") };
    }
  }
  throw new Error("The command's end was not told");
}
