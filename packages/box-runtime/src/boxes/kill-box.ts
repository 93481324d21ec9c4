import type { LinuxSignal } from "@a3s/agent-client";
import { BoxError, raceSignal } from "@a3s/core";
import type { AttachedVm } from "@a3s/vm";
import { vmPaths } from "../boot/box-directories.ts";
import { asksForEnd } from "./asks-for-end.ts";
import { noteHalt } from "./box-halt.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";

/** What a guest may take to end its main process, and then itself, before it is ended from outside, in ms. */
const PATIENCE_MS = 5000;

/**
 * Sends a signal to the main process. After SIGKILL the VM ends, by itself or from outside. It needs no lock: the record is not written, and
 * who waits for a stop may well lose patience. Some signals ask for the end of the box; see {@link asksForEnd}.
 */
export async function killBox(
  place: BoxPlace,
  record: BoxRecord,
  vm: AttachedVm,
  signalName: LinuxSignal | number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadly = signalName === "SIGKILL" || signalName === 9;
  if (asksForEnd(record, signalName)) await noteHalt(place, record);
  if (record.main === null && deadly) {
    await vm.kill();
    return;
  }
  const { connectAgent } = await import("@a3s/agent-client");
  await using agent = connectAgent({ socketPath: vmPaths(place.home, record.id).agentSocket });
  const patience = deadly ? AbortSignal.timeout(PATIENCE_MS) : signal;
  try {
    await agent.processes.signal("main", signalName, { signal: patience });
    if (deadly) await raceSignal(vm.exited, patience);
  } catch (error) {
    if (!deadly || (error instanceof BoxError && error.code === "EXEC_INVALID")) throw error;
    await vm.kill();
  }
}
