import type { InferOutput } from "valibot";
import type { JSON_OUTPUTS } from "../json/outputs.ts";

type Outputs = typeof JSON_OUTPUTS;
type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** What a command prints for programs: JSON of its documented shape, indented, with a newline behind it. */
export function printJson<Name extends keyof Outputs>(
  _of: Name,
  value: DeepReadonly<InferOutput<Outputs[Name]>>,
): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Lines for people, or for a pipe. */
export function printLines(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}
