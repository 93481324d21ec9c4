import { AgentError } from "../errors/agent-error.ts";

/** Signals by number, signal(7), x86 and Arm. Guests are Linux whatever the host is, so Node's own table does not serve. */
const NUMBERS = {
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
export type LinuxSignal = keyof typeof NUMBERS | `SIG${number}`;

const NAMES = new Map<number, LinuxSignal>(
  Object.entries(NUMBERS).map(([name, number]) => [number, name as LinuxSignal]),
);

/** Name of a signal number from 1 to 64. */
export function signalName(number: number): LinuxSignal {
  return NAMES.get(number) ?? `SIG${number}`;
}

/** @throws {@link AgentError} `EXEC_INVALID` when there is no such signal. */
export function signalNumber(signal: LinuxSignal | number): number {
  const named = (NUMBERS as Readonly<Record<string, number>>)[signal];
  const number = named ?? (typeof signal === "number" ? signal : Number(/^SIG(\d{1,2})$/.exec(signal)?.[1]));
  if (Number.isInteger(number) && number >= 1 && number <= MAX_SIGNAL) return number;
  throw new AgentError({
    code: "EXEC_INVALID",
    message: `${JSON.stringify(signal)} is not a signal of Linux`,
    hint: 'Use a name such as "SIGTERM", or a number from 1 to 64.',
  });
}
