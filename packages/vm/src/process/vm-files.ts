import { DEFAULT_LOG_BYTES, DEFAULT_LOG_FILES, MAX_LOG_FILES, MIN_LOG_BYTES, MIN_LOG_FILES } from "@a3s/core";
import * as v from "valibot";
import { invalidSpec } from "../spec/invalid-spec.ts";
import { absolutePath } from "../spec/path.ts";

/** Where a VM's traces go. */
export interface VmFiles {
  /** The log lies in `PATH.000001` and up; the oldest file goes when there are more than `files`. */
  readonly log: { readonly path: string; readonly maxBytes: number; readonly files: number };
  /** Where vm-host records how the VM ended. */
  readonly exitPath: string;
  /** Where vm-host records who the VM is; null when nobody else is to find it. */
  readonly statePath: string | null;
}

const vmFiles = v.object({
  log: v.strictObject({
    path: absolutePath,
    maxBytes: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(MIN_LOG_BYTES), v.maxValue(Number.MAX_SAFE_INTEGER)),
      DEFAULT_LOG_BYTES,
    ),
    files: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(MIN_LOG_FILES), v.maxValue(MAX_LOG_FILES)),
      DEFAULT_LOG_FILES,
    ),
  }),
  exitPath: absolutePath,
  statePath: v.optional(v.nullable(absolutePath), null),
});

/** @throws VmError `VM_SPEC_INVALID` */
export function parseVmFiles(input: unknown): VmFiles {
  const result = v.safeParse(vmFiles, input);
  if (!result.success) throw invalidSpec(result.issues);
  return result.output;
}
