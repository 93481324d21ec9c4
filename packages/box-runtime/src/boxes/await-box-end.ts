import { BoxError, type BoxId, raceSignal } from "@a3s/core";
import type { AttachedVm } from "@a3s/vm";
import { vmPaths } from "../boot/box-directories.ts";
import { boxNotRunning } from "./box-error.ts";
import { boxExit, hearing } from "./box-exit.ts";
import type { BoxExit } from "./box-life.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";
import { lookAtBox } from "./look-at-box.ts";
import { mendWhenFree, settleIfFree } from "./mend-box.ts";

/** How the run of a box ends, or has ended. @throws RuntimeError `STATE_INVALID` for a box that never ran. */
export async function awaitBoxEnd(place: BoxPlace, id: BoxId, signal: AbortSignal | undefined): Promise<BoxExit> {
  for (;;) {
    signal?.throwIfAborted();
    using seen = await lookAtBox(place, id);
    if (seen.life === "created") throw boxNotRunning(id, seen.life, "wait");
    if (seen.exit !== undefined) {
      if (seen.mend !== undefined) await settleIfFree(place, id);
      return seen.exit;
    }
    if (seen.vm !== undefined && seen.life !== "starting")
      return await awaitRunEnd(place, seen.record, seen.vm, signal);
    // Somebody is at it, or was.
    await mendWhenFree(place, id, signal);
  }
}

/** The same for a box that was seen to run. */
export async function awaitRunEnd(
  place: BoxPlace,
  record: BoxRecord,
  vm: AttachedVm,
  signal: AbortSignal | undefined,
): Promise<BoxExit> {
  const heard = record.main === null ? undefined : await raceSignal(hearMainEnd(place, record.id, vm, signal), signal);
  const exit = boxExit(record, await raceSignal(vm.exited, signal), heard);
  try {
    await settleIfFree(place, record.id, { runs: record.runs, main: heard });
    // Another may have been faster, and taken away what the VM left.
    if (exit.endedAt === null) return hearing(await writtenEnd(place, record, exit), heard);
  } catch (error) {
    // It goes with its end, and another has seen to that.
    if (!(error instanceof BoxError && error.code === "BOX_NOT_FOUND")) throw error;
  }
  return exit;
}

/** What is written of the end of a run by now. */
async function writtenEnd({ store }: BoxPlace, { id, runs }: BoxRecord, exit: BoxExit): Promise<BoxExit> {
  const now = await store.require(id);
  return now.runs === runs ? (now.exit ?? exit) : exit;
}

async function hearMainEnd({ home }: BoxPlace, id: BoxId, vm: AttachedVm, signal: AbortSignal | undefined) {
  const [{ connectAgent }, { awaitMainEnd }] = await Promise.all([
    import("@a3s/agent-client"),
    import("../boot/main-end.ts"),
  ]);
  await using agent = connectAgent({ socketPath: vmPaths(home, id).agentSocket, signal });
  return await awaitMainEnd(agent, vm);
}
