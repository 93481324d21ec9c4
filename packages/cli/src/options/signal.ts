import type { LinuxSignal } from "@a3s/box-runtime";
import { InvalidArgumentError } from "commander";

/** A signal of the guest as docker has it: `SIGTERM`, `term`, `15`. Whether there is one of that name, the runtime says. */
export function parseSignal(text: string): LinuxSignal | number {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const name = text.toUpperCase();
  if (!/^(?:SIG)?[A-Z][A-Z0-9]*$/.test(name)) {
    throw new InvalidArgumentError(`${JSON.stringify(text)} is not a signal such as SIGTERM, TERM or 15`);
  }
  return (name.startsWith("SIG") ? name : `SIG${name}`) as LinuxSignal;
}
