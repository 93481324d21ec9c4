import { type LinuxSignal, parseSignal as parse } from "@a3s/core";
import { InvalidArgumentError } from "commander";

/** A signal of the guest as docker has it: `SIGTERM`, `term`, `15`, `RTMIN+3`. */
export function parseSignal(text: string): LinuxSignal | number {
  const signal = parse(text);
  if (signal !== undefined) return signal;
  throw new InvalidArgumentError(`${JSON.stringify(text)} is not a signal such as SIGTERM, TERM or 15`);
}
