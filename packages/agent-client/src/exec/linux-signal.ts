import { LINUX_SIGNALS, type LinuxSignal, MAX_SIGNAL } from "@a3s/core";
import { AgentError } from "../errors/agent-error.ts";

export { type LinuxSignal, MAX_SIGNAL } from "@a3s/core";

const NAMES = new Map<number, LinuxSignal>(
  Object.entries(LINUX_SIGNALS).map(([name, number]) => [number, name as LinuxSignal]),
);

/** Name of a signal number from 1 to 64. */
export function signalName(number: number): LinuxSignal {
  return NAMES.get(number) ?? `SIG${number}`;
}

/** @throws {@link AgentError} `EXEC_INVALID` when there is no such signal. */
export function signalNumber(signal: LinuxSignal | number): number {
  const named = (LINUX_SIGNALS as Readonly<Record<string, number>>)[signal];
  const number = named ?? (typeof signal === "number" ? signal : Number(/^SIG(\d{1,2})$/.exec(signal)?.[1]));
  if (Number.isInteger(number) && number >= 1 && number <= MAX_SIGNAL) return number;
  throw new AgentError({
    code: "EXEC_INVALID",
    message: `${JSON.stringify(signal)} is not a signal of Linux`,
    hint: 'Use a name such as "SIGTERM", or a number from 1 to 64.',
  });
}
