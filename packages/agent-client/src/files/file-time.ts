import { AgentError } from "../errors/agent-error.ts";

/** A time of a file: a Date, or seconds since 1970 as in `node:fs`. */
export type FileTime = Date | number;

/** Times that every file system of Linux can at least be asked for, in seconds. */
const MAX_SECONDS = 2 ** 43;

/** @throws {@link AgentError} `FILE_INVALID` */
export function fileTimestamp(time: FileTime): { seconds: bigint; nanos: number } {
  const seconds = typeof time === "number" ? time : time.getTime() / 1000;
  if (!(Math.abs(seconds) <= MAX_SECONDS)) {
    throw new AgentError({
      code: "FILE_INVALID",
      message: `${String(time)} is no time of a file`,
      hint: "Give a valid Date.",
    });
  }
  // A Date has milliseconds, and a number of seconds this large no more than microseconds.
  const micros = Math.round(seconds * 1e6);
  const whole = Math.floor(micros / 1e6);
  return { seconds: BigInt(whole), nanos: (micros - whole * 1e6) * 1000 };
}
