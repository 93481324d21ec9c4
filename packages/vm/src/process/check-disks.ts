import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { CheckedVmDisk } from "../spec/disk.ts";
import { invalidSpec } from "../spec/invalid-spec.ts";
import { QCOW2_HEADER_BYTES, qcow2Fault } from "../spec/qcow2.ts";

/**
 * Looks into the images whose format lets them name other files. A guest writes what is in the image, never the header that is looked at
 * here. What cannot be opened is left to the start, which says why.
 *
 * @throws VmError `VM_SPEC_INVALID`
 */
export async function checkDisks(disks: readonly CheckedVmDisk[]): Promise<void> {
  for (const [index, { path, format }] of disks.entries()) {
    if (format === "raw") continue;
    const header = await beginning(path);
    const fault = header === undefined ? undefined : qcow2Fault(header);
    if (fault !== undefined) throw invalidSpec([`disks.${index}.path: ${path} ${fault}`]);
  }
}

async function beginning(path: string): Promise<Buffer | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(QCOW2_HEADER_BYTES), 0, QCOW2_HEADER_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } catch {
    return undefined;
  }
}
