import type { BoxChanges, BoxConfigInput } from "@a3s/box-runtime";
import { parseRestart, type RestartPolicy } from "@a3s/core";
import { InvalidArgumentError } from "commander";

/** Options of what a supervisor does for a box, as the command line gives them; times in milliseconds. */
export interface SupervisionOptions {
  readonly healthCmd?: string;
  readonly healthGrpc?: boolean;
  readonly healthInterval?: number;
  readonly healthRetries?: number;
  readonly healthStartPeriod?: number;
  readonly healthTimeout?: number;
  /** False with `--no-healthcheck`. */
  readonly healthcheck?: boolean;
  readonly lifetime?: number | "none";
  readonly restart?: string;
}

/** What of a box's configuration a supervisor carries out; null takes away what a box has. */
export type SupervisedConfig = Pick<BoxConfigInput, "healthCheck" | "restart"> & Pick<BoxChanges, "lifetimeMs">;

export function parseSupervision(options: SupervisionOptions): SupervisedConfig {
  return {
    healthCheck: parseHealth(options),
    restart: options.restart === undefined ? undefined : parsePolicy(options.restart),
    lifetimeMs: options.lifetime === "none" ? null : options.lifetime,
  };
}

/** Whether somebody has to supervise a box for what was asked of it. */
export function needsSupervisor({ healthCheck, restart = "no", lifetimeMs }: SupervisedConfig): boolean {
  return (
    restart !== "no" || typeof lifetimeMs === "number" || (healthCheck !== undefined && healthCheck.test !== "none")
  );
}

function parsePolicy(text: string): RestartPolicy {
  // docker's "without end".
  const policy = text === "on-failure:0" ? "on-failure" : text;
  if (parseRestart(policy) !== undefined) return policy as RestartPolicy;
  throw new InvalidArgumentError(
    `${JSON.stringify(text)} is no restart policy: no, always, unless-stopped or on-failure[:N]`,
  );
}

function parseHealth(options: SupervisionOptions): SupervisedConfig["healthCheck"] {
  const { healthCmd, healthGrpc = false, healthcheck = true } = options;
  const details = {
    intervalMs: options.healthInterval,
    timeoutMs: options.healthTimeout,
    retries: options.healthRetries,
    startPeriodMs: options.healthStartPeriod,
  };
  const detailed = Object.values(details).some((value) => value !== undefined);
  if (!healthcheck) {
    if (healthCmd !== undefined || healthGrpc || detailed) refuse("--no-healthcheck goes with no other --health flag");
    return { test: "none" };
  }
  if (healthCmd !== undefined && healthGrpc) refuse("--health-cmd and --health-grpc are two checks; a box has one");
  if (healthGrpc) return { test: "grpc", ...details };
  if (healthCmd !== undefined) return { test: ["/bin/sh", "-c", healthCmd], ...details };
  // As docker has it, over what the image says, or what the box has.
  return detailed ? details : undefined;
}

function refuse(message: string): never {
  throw new InvalidArgumentError(message);
}
