import { MAX_MEMORY_MIB, MAX_VCPUS, MIN_MEMORY_MIB } from "@a3s/core";
import * as v from "valibot";
import { commandLineRoom } from "./command-line.ts";
import { conflicts } from "./conflicts.ts";
import { vmDisk } from "./disk.ts";
import { invalidSpec } from "./invalid-spec.ts";
import { tooTightLimits, vmLimits } from "./limits.ts";
import { vmNetwork } from "./network.ts";
import { absolutePath, socketPath } from "./path.ts";
import { rlimits } from "./rlimits.ts";
import type { CheckedVmSpec } from "./vm-spec.ts";

/** virtio specification 1.2, 5.11.4: the tag's field. */
const MAX_TAG_BYTES = 36;
/** The guest's kernel panics at more than 32 arguments or variables; libkrun and the kernel add some of their own. */
const MAX_WORDS = 24;

/** What the guest maps at once (fs/fuse/dax.c, FUSE_DAX_SZ). */
const MIN_DAX_WINDOW_MIB = 2;
const MAX_DAX_WINDOW_MIB = 16_384;
const MAX_ENTRIES = 256;
/** limits.h: NAME_MAX. */
const MAX_NAME_BYTES = 255;

const integer = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

/** What comes through the kernel's command line, within double quotes, as it was. */
const quotable = v.pipe(v.string(), v.regex(/^[ !#-~]*$/, 'must be printable ASCII without "'));
const argument = v.pipe(
  quotable,
  v.nonEmpty("must not be empty"),
  // The kernel stops to read arguments at a second double dash (kernel/params.c, parse_args).
  v.notValue("--", "must not be a double dash alone"),
);
const variableName = v.pipe(
  v.string(),
  v.regex(/^[A-Z_][A-Z0-9_]*$/, "must be an upper-case name"),
  v.check((name) => !name.startsWith("KRUN_"), "must not start with KRUN_, which libkrun reserves"),
);

const tag = v.pipe(
  v.string(),
  v.regex(/^[!-~]+$/, "must be printable ASCII"),
  v.maxBytes(MAX_TAG_BYTES, `must have at most ${MAX_TAG_BYTES} bytes`),
  v.notValue("/dev/root", "must not be the tag of the root"),
);
const entry = v.strictObject({
  name: v.pipe(
    v.string(),
    v.regex(/^[^/\0]+$/, "must be a file name"),
    v.notValues([".", ".."], "must be a file name"),
    v.maxBytes(MAX_NAME_BYTES, `must have at most ${MAX_NAME_BYTES} bytes`),
  ),
  path: absolutePath,
  readOnly: v.boolean(),
});
const directoryShare = v.pipe(
  v.strictObject({
    tag,
    path: absolutePath,
    readOnly: v.boolean(),
    daxWindowMib: v.optional(integer(MIN_DAX_WINDOW_MIB, MAX_DAX_WINDOW_MIB)),
  }),
  v.forward(
    v.check(({ readOnly, daxWindowMib }) => readOnly || daxWindowMib === undefined, "is for what is read-only"),
    ["daxWindowMib"],
  ),
);
const composedShare = v.strictObject({ tag, entries: v.pipe(v.array(entry), v.maxLength(MAX_ENTRIES)) });
/** By what it has, so that each fault is named and not just that neither kind fits. */
const share = v.lazy((input) =>
  typeof input === "object" && input !== null && "entries" in input ? composedShare : directoryShare,
);

const vmSpec = v.strictObject({
  vcpus: integer(1, MAX_VCPUS),
  memoryMib: integer(MIN_MEMORY_MIB, MAX_MEMORY_MIB),
  root: v.strictObject({ path: absolutePath, readOnly: v.optional(v.boolean(), false) }),
  init: v.strictObject({
    path: v.pipe(
      v.string(),
      v.regex(/^\/[!#-~]*$/, 'must be an absolute path of printable ASCII without blanks and "'),
    ),
    args: v.optional(v.pipe(v.array(argument), v.maxLength(MAX_WORDS)), []),
    env: v.optional(v.pipe(v.record(variableName, quotable), v.maxEntries(MAX_WORDS)), {}),
    pid1: v.optional(v.boolean(), false),
    rlimits: v.optional(rlimits, {}),
  }),
  shares: v.optional(v.array(share), []),
  disks: v.optional(v.array(vmDisk), []),
  vsockPorts: v.optional(
    v.array(
      v.strictObject({
        port: integer(1, 0xffff_fffe),
        socketPath,
        direction: v.picklist(["guest-connects", "host-connects"]),
      }),
    ),
    [],
  ),
  streams: v.optional(v.boolean(), false),
  limits: v.optional(vmLimits, {}),
  network: v.optional(vmNetwork, { kind: "none" }),
  nestedVirtualization: v.optional(v.boolean(), false),
});

/**
 * Checks a VM specification and fills in the defaults. Unknown fields are refused.
 *
 * @throws VmError `VM_SPEC_INVALID`, naming each field that is wrong.
 */
export function parseVmSpec(input: unknown): CheckedVmSpec {
  const result = v.safeParse(vmSpec, input);
  if (!result.success) throw invalidSpec(result.issues);
  const spec: CheckedVmSpec = result.output;
  const faults = [...conflicts(spec), ...tooTightLimits(spec)];
  const room = commandLineRoom(spec);
  if (room < 0) faults.push(`init: path, args and env are ${-room} bytes too long for the kernel's command line`);
  if (faults.length > 0) throw invalidSpec(faults);
  return spec;
}
