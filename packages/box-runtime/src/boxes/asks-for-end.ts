import type { LinuxSignal } from "@a3s/agent-client";
import { LINUX_SIGNALS, parseSignal } from "@a3s/core";
import { boxProcess } from "../plan/box-process.ts";
import type { BoxRecord } from "./box-record.ts";

/** What ends a process that has made no arrangements, and what people send for that: by the keys of a terminal, or by kill(1). */
const ENDING = ["SIGINT", "SIGQUIT", "SIGTERM"] as const;

/**
 * Whether a signal for the main process asks for the end of its box, which its restart policy leaves alone then. SIGKILL and the stop signal
 * do; where neither configuration nor image names one, so do SIGINT, SIGQUIT and SIGTERM. docker (moby daemon/kill.go) takes every signal for
 * such a request then, those that have a server read its configuration again included, and under `unless-stopped` always. Pure.
 */
export function asksForEnd(
  { image, config }: Pick<BoxRecord, "image" | "config">,
  signal: LinuxSignal | number,
): boolean {
  const number = numberOf(signal);
  if (number === LINUX_SIGNALS.SIGKILL) return true;
  const { stopSignal } = boxProcess(image.process, config);
  // One that is none is not what the box is stopped with either.
  const own = stopSignal === undefined ? undefined : numberOf(stopSignal);
  if (own === undefined) return ENDING.some((name) => number === LINUX_SIGNALS[name]);
  return number === (Number.isNaN(own) ? LINUX_SIGNALS.SIGTERM : own);
}

/** NaN, which is no other's, for what is no signal. */
function numberOf(signal: string | number): number {
  const parsed = parseSignal(String(signal).replace(/^SIG(?=\d)/, ""));
  return (typeof parsed === "string" ? LINUX_SIGNALS[parsed as keyof typeof LINUX_SIGNALS] : parsed) ?? Number.NaN;
}
