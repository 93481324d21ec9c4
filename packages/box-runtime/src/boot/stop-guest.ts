import { raceSignal } from "@a3s/core";
import type { BootedVm } from "./boot-vm.ts";

/**
 * What a guest may take after the grace of its processes, in ms: to kill them (5 s at most), to hand on what the main process wrote
 * last (4 s), to say farewell (1 s), and then to write its disks back and power off, for which 5 s are left. A host without them
 * would pull the plug in the middle of that whenever the guest needs all of its own deadlines.
 */
export const POWER_OFF_MS = 15_000;

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
