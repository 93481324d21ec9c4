import type { GuestMain, GuestMainOptions } from "@a3s/agent-client";
import { parseSignal } from "@a3s/core";
import { type CommandRequest, type ImageProcess, planMainProcess } from "./command.ts";

/** What the box's own process is to be; everything left out comes from the image. */
export interface MainRequest
  extends CommandRequest,
    Omit<GuestMainOptions, keyof CommandRequest>,
    Pick<GuestMain, "stdin" | "start" | "keepAlive"> {}

/**
 * The guest's main process: the image's command, asked to end with the image's stop signal.
 *
 * @throws RuntimeError `COMMAND_MISSING`
 */
export function planGuestMain(
  image: ImageProcess & { readonly stopSignal?: string | undefined },
  request: MainRequest,
  stopGraceMs: number,
): GuestMain {
  const { argv, ...environment } = planMainProcess(image, request);
  const { command: _, ...options } = request;
  const stopSignal = request.stopSignal ?? parseSignal(image.stopSignal);
  return { ...options, ...environment, command: argv, stopSignal, endGraceMs: stopGraceMs };
}
