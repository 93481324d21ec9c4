import { wasHalted } from "./box-halt.ts";
import type { BoxExit } from "./box-life.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";
import { closeRuns, removeRuns } from "./box-runs.ts";
import { removeBox } from "./remove-box.ts";
import { tell } from "./tell.ts";

/**
 * Writes down that a run is over, and removes its sockets; a box with `autoRemove` goes as a whole. Under the lock of the box, whose VM is
 * gone, or will not come to be.
 */
export async function settleBox(place: BoxPlace, record: BoxRecord, exit: BoxExit): Promise<void> {
  const { store } = place;
  const { id } = record;
  const halted = await wasHalted(place, record);
  await closeRuns(place, id);
  await store.removeRun(id);
  if (record.autoRemove) {
    await tell(place, "box.stopped", { id, exit }, record);
    return await removeBox(place, record, {});
  }
  // Without room, it is derived again from what the run has left.
  const written = await store.writeIfRoom({ ...record, intent: "stopped", exit, halted });
  if (written !== undefined) await removeRuns(place, id);
  await tell(place, "box.stopped", { id, exit }, record);
}
