import { type AgentClient, connectAgent, type LinuxSignal } from "@a3s/agent-client";
import { raceSignal } from "@a3s/core";
import type { AttachedVm } from "@a3s/vm";
import { vmPaths } from "../boot/box-directories.ts";
import { awaitMainEnd } from "../boot/main-end.ts";
import { stopGuest } from "../boot/stop-guest.ts";
import { boxExit } from "./box-exit.ts";
import { noteHalt } from "./box-halt.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";
import { settleBox } from "./settle-box.ts";

/**
 * Asks a running box to end, insists after the grace, and writes down how it ended. Under the lock of the box.
 *
 * @param signalName in place of the main process's own stop signal
 */
export async function stopBox(
  place: BoxPlace,
  box: BoxRecord,
  vm: AttachedVm,
  graceMs: number,
  signalName?: LinuxSignal | number,
) {
  const written = await place.store.writeIfRoom({ ...box, intent: "stopping" });
  if (written === undefined) await noteHalt(place, box);
  const record = written ?? { ...box, halted: true };
  await using agent = connectAgent({ socketPath: vmPaths(place.home, record.id).agentSocket });
  // Asked before the agent has its hands full: it alone knows of signals.
  const mainEnd = record.main === null ? undefined : awaitMainEnd(agent, vm);
  const asked = signalName !== undefined && record.main !== null && (await askMain({ vm, agent }, signalName, graceMs));
  await stopGuest({ vm, agent }, asked ? 0 : graceMs);
  return await endBox(place, record, vm, mainEnd);
}

/** Sends a signal to the main process, with which the VM ends, and waits for that until the grace is over. @returns whether it was sent */
async function askMain(
  { vm, agent }: { readonly vm: AttachedVm; readonly agent: AgentClient },
  signalName: LinuxSignal | number,
  graceMs: number,
): Promise<boolean> {
  const grace = AbortSignal.timeout(graceMs);
  try {
    await agent.processes.signal("main", signalName, { signal: grace });
  } catch {
    // It has ended, or the agent does not answer: what is left is ended as ever.
    return false;
  }
  await raceSignal(vm.exited, grace).catch(() => {});
  return true;
}

/** Ends a box from outside, as a power failure does. Under the lock of the box. */
export async function cutBox(place: BoxPlace, record: BoxRecord, vm: AttachedVm) {
  await vm.kill();
  return await endBox(place, record, vm, undefined);
}

async function endBox(
  place: BoxPlace,
  record: BoxRecord,
  vm: AttachedVm,
  mainEnd: ReturnType<typeof awaitMainEnd> | undefined,
) {
  const exit = boxExit(record, await vm.exited, await mainEnd);
  await settleBox(place, record, exit);
  return exit;
}
