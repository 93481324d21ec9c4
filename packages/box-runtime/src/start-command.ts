import type { AgentClient, ExecCommand, ExecOptions, ExecProcess } from "@a3s/agent-client";
import type { BoxConfig } from "@a3s/core";
import type { BoxMetrics } from "@a3s/metrics";
import { meterExec } from "./metering/meter-exec.ts";
import { processRights, type StoppableProcess } from "./plan/box-process.ts";
import { planEnvironment } from "./plan/command.ts";

/** Where a command is started, and what it has from there. */
export interface CommandPlace {
  readonly agent: AgentClient;
  /** What configuration and image say of the box's processes. */
  readonly process: StoppableProcess;
  readonly config: BoxConfig;
  readonly metrics: BoxMetrics | undefined;
}

/** Starts a process in a box, in the environment and with the rights of the box unless its options say otherwise. */
export function startCommand(
  { agent, process, config, metrics }: CommandPlace,
  command: ExecCommand,
  options: ExecOptions,
): ExecProcess {
  const running = agent.exec(command, {
    ...options,
    ...planEnvironment(process, options),
    ...processRights(config, options),
  });
  return meterExec(running, metrics);
}
