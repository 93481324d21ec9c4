import type { Client } from "@connectrpc/connect";
import type { AgentService } from "../gen/a3s/agent/v1/agent_pb.ts";
import { type ExecCommand, type ExecOptions, planExecStart } from "./exec-options.ts";
import type { ProcessCallPlan } from "./process-call.ts";

/**
 * The call that starts a command.
 *
 * @throws {@link AgentError} `EXEC_INVALID`, `EXEC_CWD_INVALID`
 */
export function planExec(
  agent: Client<typeof AgentService>,
  command: ExecCommand,
  options: ExecOptions,
): ProcessCallPlan<ReturnType<typeof planExecStart>> {
  const start = { ...planExecStart(command, options), takesStdoutConnection: true };
  const { signal, timeoutMs, killGraceMs = 0, stdin = options.tty ? true : undefined } = options;
  return {
    argv: start.argv,
    name: start.argv[0] ?? "",
    start,
    stdin,
    signal,
    endsWithinMs: timeoutMs === undefined ? undefined : timeoutMs + killGraceMs,
    open: (requests, { signal }) => agent.exec(requests, { signal }),
  };
}
