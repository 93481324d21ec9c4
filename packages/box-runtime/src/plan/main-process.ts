import type { GuestMain, GuestMainOptions } from "@a3s/agent-client";
import { type BoxConfig, parseSignal } from "@a3s/core";
import { boxProcess, processRights, type StoppableProcess } from "./box-process.ts";
import { type CommandRequest, planMainProcess } from "./command.ts";

/** What the box's own process is to be; everything left out comes from the box's configuration, or else from the image. */
export interface MainRequest
  extends CommandRequest,
    Omit<GuestMainOptions, keyof CommandRequest>,
    Pick<GuestMain, "stdin" | "start" | "keepAlive"> {}

/**
 * The guest's main process: the box's command, or else the image's, with the rights of the box, asked to end with their stop signal.
 *
 * @throws RuntimeError `COMMAND_MISSING`
 */
export function planGuestMain(image: StoppableProcess, request: MainRequest, config: BoxConfig): GuestMain {
  const box = boxProcess(image, config);
  const { argv, ...environment } = planMainProcess(box, request);
  const { command: _, ...options } = request;
  // As container engines do it, the main process alone is asked: a server tells its workers itself.
  const stopSignal = request.stopSignal ?? parseSignal(box.stopSignal) ?? "SIGTERM";
  return {
    ...options,
    ...environment,
    ...processRights(config, request),
    command: argv,
    stopSignal,
    endGraceMs: config.stopGraceMs,
  };
}
