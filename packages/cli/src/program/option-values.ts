import { InvalidArgumentError, Option } from "commander";

/** A whole number. */
export function integer(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

/** A whole number, or `all`. */
export function integerOrAll(text: string): number | "all" {
  return text === "all" ? "all" : integer(text);
}

/** A place in files of a log, as its entries say it. */
export function placeInFiles(text: string): string {
  if (!/^\d{1,15}:\d{1,15}$/.test(text))
    throw new InvalidArgumentError("It must be the cursor of a line, such as 1:2048.");
  return text;
}

const MIB = 1024 * 1024;
const UNITS: Readonly<Record<string, number>> = { b: 1, k: 1024, m: MIB, g: 1024 * MIB };

/** A size in MiB: `512m`, `2g` as docker has it, rounded up; a bare number is MiB. */
export function mebibytes(text: string): number {
  const [, number, unit = ""] = /^(\d{1,12})([bkmg]?)b?$/i.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError("It must be a size such as 512m or 2g.");
  return Math.ceil((Number(number) * (UNITS[unit.toLowerCase()] ?? MIB)) / MIB);
}

/** For options that may be given several times. */
export function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}

/** An option with a value that may be given several times. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, `${description} (repeatable)`).argParser(collect).default([]);
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

/** For commands that print as things happen. */
export const JSON_LINES = ["--json", "print JSON, one line for each"] as const;

/** For commands that stay with the main process of a box. */
export const DETACH_KEYS = [
  "--detach-keys <keys>",
  "keys that leave a terminal's box and let it run; ctrl-p,ctrl-q by default",
] as const;

/** The words of a command. Options end before it already, so a "--" there only shows where it begins. */
export function commandOf([first, ...rest]: readonly string[]): readonly string[] {
  return first === undefined || first === "--" ? rest : [first, ...rest];
}
