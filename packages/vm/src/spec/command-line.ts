import { rlimitWords } from "./rlimits.ts";
import type { CheckedVmSpec } from "./vm-spec.ts";

/** COMMAND_LINE_SIZE of the x86-64 kernel, and what libkrun allows itself: 2048 bytes, one of them for the end. */
const CAPACITY_BYTES = 2047;
/** What libkrun writes into every command line (158 bytes in 1.17.4 with TSI), and room for what a newer one adds. */
const FIXED_BYTES = 256;
/** ` virtio_mmio.device=4K@0xd0000000:5`, with longer addresses and interrupt numbers. */
const DEVICE_BYTES = 44;
/** Console, balloon, random numbers, vsock and the root. */
const FIXED_DEVICES = 5;
/** A blank and two double quotes. */
const WORD_BYTES = 3;

/** Variables that the guest's first process starts with: those of the specification and libkrun's own switches. */
export function initEnvironment({ init }: CheckedVmSpec): readonly string[] {
  const own = Object.entries(init.env).map(([name, value]) => `${name}=${value}`);
  // Read by libkrun's init: it becomes the program instead of forking it.
  return init.pid1 ? [...own, "KRUN_INIT_PID1=1"] : own;
}

/** Bytes that are left on the guest kernel's command line; below 0 the VM would not start, or start something else. */
export function commandLineRoom(spec: CheckedVmSpec): number {
  const limits = rlimitWords(spec.init.rlimits).join(",");
  const words = [spec.init.path, ...spec.init.args, ...initEnvironment(spec), `KRUN_RLIMITS=${limits}`];
  const used = words.reduce((sum, word) => sum + WORD_BYTES + word.length, 0);
  // One for the streams, and one for a network card.
  const devices = FIXED_DEVICES + spec.shares.length + spec.disks.length + 2;
  return CAPACITY_BYTES - FIXED_BYTES - devices * DEVICE_BYTES - used;
}
