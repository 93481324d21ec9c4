/** Signals by number, signal(7), x86 and Arm. Guests are Linux whatever the host is, so Node's own table does not serve. */
export const LINUX_SIGNALS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
  SIGSYS: 31,
} as const;

/** Highest signal number of Linux: the last real-time signal. */
export const MAX_SIGNAL = 64;

/** Name of a Linux signal; `SIG32` to `SIG64` are the real-time ones. */
export type LinuxSignal = keyof typeof LINUX_SIGNALS | `SIG${number}`;

/** glibc's and musl's SIGRTMIN and SIGRTMAX. */
const RTMIN = 34;
const RTMAX = MAX_SIGNAL;

/**
 * A signal as images and people write it (image-spec config.md, `StopSignal`): "SIGNAME", "NAME", a number, or "SIGRTMIN+3" and
 * "SIGRTMAX-1". Undefined for what is none.
 */
export function parseSignal(text: string | undefined): LinuxSignal | number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,2}$/.test(text)) return inRange(Number(text));
  const name = text.toUpperCase().replace(/^(?!SIG)/, "SIG");
  const realTime = /^SIGRT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realTime !== null) return inRange(realTimeSignal(realTime), RTMIN);
  return Object.hasOwn(LINUX_SIGNALS, name) ? (name as LinuxSignal) : undefined;
}

function realTimeSignal([, end, sign, distance = "0"]: RegExpExecArray): number {
  const base = end === "MIN" ? RTMIN : RTMAX;
  return sign === "-" ? base - Number(distance) : base + Number(distance);
}

function inRange(number: number, lowest = 1): number | undefined {
  return number >= lowest && number <= RTMAX ? number : undefined;
}
