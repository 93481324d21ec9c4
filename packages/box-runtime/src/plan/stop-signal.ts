import type { LinuxSignal } from "@a3s/agent-client";

/** glibc's and musl's SIGRTMIN and SIGRTMAX. */
const RTMIN = 34;
const RTMAX = 64;

/** signal(7); a name that is none is not passed on. */
const NAMES =
  /^SIG(HUP|INT|QUIT|ILL|TRAP|ABRT|BUS|FPE|KILL|USR[12]|SEGV|PIPE|ALRM|TERM|STKFLT|CHLD|CONT|STOP|TSTP|TTIN|TTOU|URG|XCPU|XFSZ|VTALRM|PROF|WINCH|IO|PWR|SYS)$/;

/**
 * The signal that an image wants its process to be stopped with (image-spec config.md, `StopSignal`): "SIGNAME", "NAME", a
 * number, or "SIGRTMIN+3" and "SIGRTMAX-1". Undefined, which stands for SIGTERM, for what is none: it is no reason not to
 * run the image.
 */
export function parseStopSignal(text: string | undefined): LinuxSignal | number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,2}$/.test(text)) return inRange(Number(text));
  const name = text.toUpperCase().replace(/^(?!SIG)/, "SIG");
  const realTime = /^SIGRT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realTime !== null) return inRange(realTimeSignal(realTime), RTMIN);
  return NAMES.test(name) ? (name as LinuxSignal) : undefined;
}

function realTimeSignal([, end, sign, distance = "0"]: RegExpExecArray): number {
  const base = end === "MIN" ? RTMIN : RTMAX;
  return sign === "-" ? base - Number(distance) : base + Number(distance);
}

function inRange(number: number, lowest = 1): number | undefined {
  return number >= lowest && number <= RTMAX ? number : undefined;
}
