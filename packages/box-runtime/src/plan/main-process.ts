import type { GuestMain, GuestMainOptions } from "@a3s/agent-client";
import { type BoxConfig, parseSignal } from "@a3s/core";
import { type CommandRequest, type ImageProcess, planMainProcess } from "./command.ts";

/** What the box's own process is to be, over what its configuration and its image say. */
export interface MainRequest
  extends CommandRequest,
    Omit<GuestMainOptions, keyof CommandRequest>,
    Pick<GuestMain, "stdin" | "start" | "keepAlive"> {}

/** What the configuration of a box says about its process. */
type ProcessConfig = Pick<
  BoxConfig,
  "entrypoint" | "command" | "env" | "user" | "workdir" | "stopSignal" | "ulimits" | "capabilities" | "stopGraceMs"
>;

/**
 * The guest's main process: what the request leaves out comes from the configuration, and what that leaves out from the image.
 *
 * @throws RuntimeError `COMMAND_MISSING`
 */
export function planGuestMain(
  image: ImageProcess & { readonly stopSignal?: string | undefined },
  config: ProcessConfig,
  request: MainRequest,
): GuestMain {
  // Another entrypoint would not know what to do with the image's command.
  const process = config.entrypoint === undefined ? image : { ...image, entrypoint: config.entrypoint, cmd: [] };
  const { argv, ...environment } = planMainProcess(process, {
    command: request.command ?? config.command,
    env: { ...config.env, ...request.env },
    cwd: request.cwd ?? config.workdir,
    user: request.user ?? config.user,
  });
  const { command: _, ...options } = request;
  return {
    capabilities: config.capabilities,
    rlimits: Object.fromEntries(
      Object.entries(config.ulimits).map(([name, { soft, hard }]) => [name, { soft: limit(soft), hard: limit(hard) }]),
    ),
    ...options,
    ...environment,
    command: argv,
    stopSignal: request.stopSignal ?? signalOf(config.stopSignal) ?? parseSignal(image.stopSignal),
    endGraceMs: config.stopGraceMs,
  };
}

/** A configuration is JSON, which has no Infinity. */
function limit(value: number): number {
  return value === -1 ? Number.POSITIVE_INFINITY : value;
}

function signalOf(configured: string | number | undefined) {
  return typeof configured === "number" ? configured : parseSignal(configured);
}
