import * as v from "valibot";
import { VmError } from "../errors/vm-error.ts";

/** The error for faults that a schema found, or that are sentences already; each starts with the field's name. */
export function invalidSpec(faults: readonly (string | v.BaseIssue<unknown>)[]): VmError {
  const sentences = faults.map((fault) =>
    typeof fault === "string" ? fault : `${v.getDotPath(fault) ?? "(itself)"}: ${fault.message}`,
  );
  return new VmError({
    code: "VM_SPEC_INVALID",
    message: `The VM specification is invalid: ${sentences.join("; ")}`,
    hint: "Correct the fields named above.",
    details: { faults: sentences },
  });
}
