import { raceSignal } from "@a3s/core";
import type { BootedVm } from "./boot-vm.ts";

/**
 * What a guest may take after the grace of its processes, in ms: to kill them (5 s at most), say farewell, write its disks back and
 * power off. A host as patient as the grace alone would pull the plug in the middle of that.
 */
const POWER_OFF_MS = 10_000;

/** Asks nicely, then insists: the guest's power-off, else the end of the VM process. */
export async function stopGuest({ vm, agent }: Pick<BootedVm, "vm" | "agent">, graceMs: number): Promise<void> {
  const patience = AbortSignal.timeout(graceMs + POWER_OFF_MS);
  try {
    const asked = agent.shutdown({ graceMs, signal: patience }).then(() => vm.exited);
    await raceSignal(Promise.race([vm.exited, asked]), patience);
  } catch {
    // Whatever kept the guest from stopping: its process ends now.
  }
  await vm.kill();
}
