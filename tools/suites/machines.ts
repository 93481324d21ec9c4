import { cpus, totalmem } from "node:os";
import pLimit, { type LimitFunction } from "p-limit";
import { kvmUsable } from "../kvm-host/usable.ts";

/** Emulated machines that run beside each other: each keeps a core busy; its QEMU takes up to 4 GiB, 2 GiB of what it translated, and a little. */
const MOST_MACHINES = 2;
const MACHINE_CORES = 1;
const MACHINE_BYTES = 7 * 1024 ** 3;

/** How many emulated machines a machine of this size has room for, one at least. */
export function machinesAtOnce(cores: number, memoryBytes: number): number {
  return Math.max(
    1,
    Math.min(MOST_MACHINES, Math.floor(cores / MACHINE_CORES), Math.floor(memoryBytes / MACHINE_BYTES)),
  );
}

let slots: Promise<LimitFunction> | undefined;

/** Does something that needs a machine with KVM once there is room for one, in the order of the calls, whichever suite they are of. */
export async function withMachine<T>(task: () => Promise<T>): Promise<T> {
  slots ??= makeSlots();
  return (await slots)(task);
}

async function makeSlots(): Promise<LimitFunction> {
  // Where KVM is this machine's own, tests would count each other's VMs.
  return pLimit((await kvmUsable()) ? 1 : machinesAtOnce(cpus().length, totalmem()));
}
