import * as v from "valibot";
import { CoreError } from "../errors/core-error.ts";

/** Parses `input` by a schema; every fault is named with its path in one `CONFIG_INVALID`. */
export function parseConfig<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
  what: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const faults = result.issues.map((issue) => `${v.getDotPath(issue) ?? "(itself)"}: ${issue.message}`);
  throw new CoreError({
    code: "CONFIG_INVALID",
    message: `The ${what} is invalid: ${faults.join("; ")}`,
    hint: "Correct the fields named above.",
    details: { faults },
  });
}
