import { connectAgent } from "@a3s/agent-client";
import type { AttachedVm } from "@a3s/vm";
import { vmPaths } from "../boot/box-directories.ts";
import { awaitMainEnd } from "../boot/main-end.ts";
import { stopGuest } from "../boot/stop-guest.ts";
import { boxExit } from "./box-exit.ts";
import { noteHalt } from "./box-halt.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";
import { settleBox } from "./settle-box.ts";

/** Asks a running box to end, insists after the grace, and writes down how it ended. Under the lock of the box. */
export async function stopBox(place: BoxPlace, box: BoxRecord, vm: AttachedVm, graceMs: number) {
  const written = await place.store.writeIfRoom({ ...box, intent: "stopping" });
  if (written === undefined) await noteHalt(place, box);
  const record = written ?? { ...box, halted: true };
  await using agent = connectAgent({ socketPath: vmPaths(place.home, record.id).agentSocket });
  // Asked before the agent has its hands full: it alone knows of signals.
  const mainEnd = record.main === null ? undefined : awaitMainEnd(agent, vm);
  await stopGuest({ vm, agent }, graceMs);
  return await endBox(place, record, vm, mainEnd);
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
