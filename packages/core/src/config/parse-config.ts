import * as v from "valibot";
import { CoreError } from "../errors/core-error.ts";

/** Names of fields and indices of lists from the outermost to the one that is meant. */
export type FieldPath = readonly (string | number)[];

/** Says where a field, or what would hold it, is written, such as "line 3, column 1". */
export type LocateField = (path: FieldPath) => string | undefined;

/** Parses `input` by a schema; every fault is named with its path in one `CONFIG_INVALID`. */
export function parseConfig<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
  what: string,
  locate: LocateField = () => undefined,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const faults = result.issues.map((issue) => {
    const where = locate(issue.path?.map(({ key }) => key as string | number) ?? []);
    return `${v.getDotPath(issue) ?? "(itself)"}: ${issue.message}${where === undefined ? "" : ` (${where})`}`;
  });
  throw new CoreError({
    code: "CONFIG_INVALID",
    message: `The ${what} is invalid: ${faults.join("; ")}`,
    hint: "Correct the fields named above.",
    details: { faults },
  });
}
