import type { InferOutput } from "valibot";
import type { JSON_OUTPUTS } from "../json/outputs.ts";
import { writeFully } from "./write-fully.ts";

type Outputs = typeof JSON_OUTPUTS;
type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** What a command prints for programs, of its documented shape. */
export type JsonOf<Name extends keyof Outputs> = DeepReadonly<InferOutput<Outputs[Name]>>;

/** What a command prints for programs: JSON of its documented shape, indented, with a newline behind it. */
export function printJson<Name extends keyof Outputs>(_of: Name, value: JsonOf<Name>): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** One of many such values, on a line of its own; resolves when it is written. */
export async function printJsonLine<Name extends keyof Outputs>(_of: Name, value: JsonOf<Name>): Promise<void> {
  await writeFully(process.stdout, Buffer.from(`${JSON.stringify(value)}\n`));
}

/** Lines for people, or for a pipe. */
export function printLines(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}
