import { InvalidArgumentError, type Option } from "commander";

/** A whole number. */
export function integer(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

/** For options that may be given several times. */
export function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}

/** The action of an option that has an `--insecure-registry`. */
export const INSECURE_REGISTRY = [
  "--insecure-registry <host>",
  "registry host to be asked over plain HTTP (repeatable)",
  collect,
  [] as string[],
] as const satisfies readonly [Option["flags"], string, typeof collect, string[]];

/** Options that every command for programs has. */
export const JSON_OUTPUT = ["--json", "print JSON"] as const;
