import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { unlessMissing } from "@a3s/core";
import * as v from "valibot";
import { VmError } from "../errors/vm-error.ts";
import { absolutePath } from "../spec/path.ts";
import { JAIL_MEASURES } from "./jail.ts";

/** Far more than vm-host writes. */
const MAX_STATE_BYTES = 16 * 1024;

const pid = v.pipe(v.number(), v.integer(), v.minValue(2));
const state = v.object({
  version: v.literal(1),
  pid,
  startTime: v.pipe(v.string(), v.regex(/^\d{1,20}$/)),
  executable: absolutePath,
  vmPid: pid,
  startedAt: v.pipe(v.string(), v.isoTimestamp()),
  jail: v.array(v.picklist(JAIL_MEASURES)),
});

/** Who a VM is: native/vm-host/PROTOCOL.md, "State". */
export type VmState = Readonly<v.InferOutput<typeof state>>;

/** The FIFO beside the record, by which the end is told. */
export function alivePath(statePath: string): string {
  return `${statePath}.alive`;
}

/**
 * Reads the record of a VM. Whoever wrote it names a process that will be signalled, so only the user of this process
 * may be able to write it.
 *
 * @throws VmError `VM_STATE_MISSING`, `VM_STATE_INVALID`
 */
export async function readVmState(path: string): Promise<VmState> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  await using file = await unlessMissing(open(path, flags)).catch((cause: Error) => {
    throw invalid(path, cause.message, cause);
  });
  if (file === undefined) {
    throw new VmError({
      code: "VM_STATE_MISSING",
      message: `There is no VM at ${path}`,
      hint: "A VM is found by the `statePath` that it was launched with.",
    });
  }
  const { uid, mode } = await file.stat();
  if (uid !== process.geteuid?.() || (mode & 0o022) !== 0) {
    throw invalid(
      path,
      `it belongs to user ${uid} with mode ${(mode & 0o777).toString(8)}, so others could have written it`,
    );
  }
  const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_STATE_BYTES + 1));
  if (bytesRead > MAX_STATE_BYTES) throw invalid(path, `it has more than ${MAX_STATE_BYTES} bytes`);
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), state), buffer.toString("utf8", 0, bytesRead));
  if (!parsed.success) throw invalid(path, v.summarize(parsed.issues));
  return parsed.output;
}

function invalid(path: string, why: string, cause?: Error): VmError {
  return new VmError({
    code: "VM_STATE_INVALID",
    message: `The record of a VM at ${path} is not to be trusted: ${why}`,
    hint: "Look who wrote the file; without it, the VM can only be found by its processes.",
    ...(cause === undefined ? {} : { cause }),
  });
}
