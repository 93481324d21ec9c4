import type { ExecOptions } from "@a3s/agent-client";
import { type BoxConfig, UNLIMITED } from "@a3s/core";
import type { ImageProcess } from "./command.ts";

/** What an image says about its process, and how that is stopped. */
export interface StoppableProcess extends ImageProcess {
  readonly stopSignal?: string | undefined;
}

/** What the image says about its process, with what the box's configuration says instead. */
export function boxProcess(image: StoppableProcess, config: BoxConfig): StoppableProcess {
  const { entrypoint, command = [], env, user, workdir, stopSignal } = config;
  // An entrypoint of the box's own is not for the arguments that the image's was made for.
  const imageCommand = entrypoint === undefined ? image.cmd : [];
  return {
    entrypoint: entrypoint ?? image.entrypoint,
    cmd: command.length > 0 ? command : imageCommand,
    env: [...image.env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
    workingDir: workdir ?? image.workingDir,
    user: user ?? image.user,
    stopSignal: stopSignal === undefined ? image.stopSignal : String(stopSignal),
  };
}

/** What a process of the box may have and do. */
export type ProcessRights = Pick<ExecOptions, "rlimits" | "capabilities" | "newPrivileges" | "seccomp">;

/** What a process of the box may have and do, unless its call says otherwise: limits one by one, capabilities as a whole. */
export function processRights(
  { ulimits, capabilities, newPrivileges, seccomp }: BoxConfig,
  options: ProcessRights,
): ProcessRights {
  const limits = Object.entries(ulimits).map(([name, { soft, hard }]) => [
    name,
    { soft: limit(soft), hard: limit(hard) },
  ]);
  return {
    rlimits: { ...Object.fromEntries(limits), ...options.rlimits },
    capabilities: options.capabilities ?? capabilities,
    newPrivileges: options.newPrivileges ?? newPrivileges,
    seccomp: options.seccomp ?? seccomp,
  };
}

function limit(value: number): number {
  return value === UNLIMITED ? Number.POSITIVE_INFINITY : value;
}
