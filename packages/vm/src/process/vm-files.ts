import * as v from "valibot";
import { invalidSpec } from "../spec/invalid-spec.ts";
import { absolutePath } from "../spec/path.ts";

/** Size at which a console's log is rotated when none is given: 1 MiB. */
export const DEFAULT_CONSOLE_BYTES = 1024 * 1024;

/** Where a VM's traces go. */
export interface VmFiles {
  /** Log of the guest's console; rotated at `maxBytes` into one other file, so it takes twice that at most. */
  readonly console: { readonly path: string; readonly maxBytes: number };
  /** Where vm-host records how the VM ended. */
  readonly exitPath: string;
}

const vmFiles = v.object({
  console: v.strictObject({
    path: absolutePath,
    maxBytes: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER)),
      DEFAULT_CONSOLE_BYTES,
    ),
  }),
  exitPath: absolutePath,
});

/** @throws VmError `VM_SPEC_INVALID` */
export function parseVmFiles(input: unknown): VmFiles {
  const result = v.safeParse(vmFiles, input);
  if (!result.success) throw invalidSpec(result.issues);
  return result.output;
}
