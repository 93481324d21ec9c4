import * as v from "valibot";
import { suggestion } from "./nearest-name.ts";

/** An object that has these fields and no others; an unknown one is refused with the known one that was probably meant. */
export function fields<const Entries extends v.ObjectEntries>(entries: Entries) {
  const known = Object.keys(entries);
  return v.strictObject(entries, (issue) => {
    // A field that is not known or missing is an issue of its own path, and so is what is no object at all.
    if (issue.expected === "never") return `is unknown${suggestion(String(issue.input), known)}`;
    return issue.path === undefined ? `must be an object with ${enumerate(known)}` : "is missing";
  });
}

/** An object that maps names to values, none of which is lost: a record of valibot leaves some names out without a word. */
export function named<Value extends v.GenericSchema>(
  name: v.GenericSchema<string, string>,
  value: Value,
  { most }: { readonly most: number },
) {
  type Input = Readonly<Record<string, v.InferInput<Value>>>;
  return v.pipe(
    v.custom<Input>(isObject, "must be an object of names and values"),
    v.check((input) => Object.keys(input).every((key) => !LOST.has(key)), `must not name ${enumerate([...LOST])}`),
    v.record(name, value),
    v.check((input) => Object.keys(input).length <= most, `must have at most ${most} names`),
  );
}

const LOST: ReadonlySet<string> = new Set(["__proto__", "prototype", "constructor"]);

function isObject(input: unknown): boolean {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}

/** Some of many names, for people. */
function enumerate(names: readonly string[]): string {
  return names.length > 4 ? `${names.slice(0, 3).join(", ")} and so on` : names.join(", ");
}
