import type { LinuxSignal } from "@a3s/agent-client";
import { BoxError, raceSignal } from "@a3s/core";
import type { AttachedVm } from "@a3s/vm";
import { vmPaths } from "../boot/box-directories.ts";
import { asksForEnd } from "./asks-for-end.ts";
import { noteHalt } from "./box-halt.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";
import { settleIfFree } from "./mend-box.ts";

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
  const [{ connectAgent }, { awaitMainEnd }] = await Promise.all([
    import("@a3s/agent-client"),
    import("../boot/main-end.ts"),
  ]);
  await using agent = connectAgent({ socketPath: vmPaths(place.home, record.id).agentSocket });
  if (!deadly) return await agent.processes.signal("main", signalName, { signal });
  // Asked before it is sent: a guest that is too slow to power off has told of its main process all the same.
  const main = awaitMainEnd(agent, vm);
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    await agent.processes.signal("main", signalName, { signal: patience });
    await raceSignal(vm.exited, patience);
  } catch {
    await vm.kill();
  }
  try {
    await settleIfFree(place, record.id, { runs: record.runs, main: await main });
  } catch (error) {
    // It goes with its end, and another has seen to that.
    if (!(error instanceof BoxError && error.code === "BOX_NOT_FOUND")) throw error;
  }
}
