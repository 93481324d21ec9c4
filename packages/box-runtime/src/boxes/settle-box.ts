import { rm } from "node:fs/promises";
import { vmPaths } from "../boot/box-directories.ts";
import type { BoxExit } from "./box-life.ts";
import { type BoxPlace, statePath } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";
import { removeBox } from "./remove-box.ts";

/**
 * Writes down that a run is over, and removes its sockets; a box with `autoRemove` goes as a whole, and the answer is undefined. Under the
 * lock of the box, whose VM is gone.
 */
export async function settleBox(place: BoxPlace, record: BoxRecord, exit: BoxExit): Promise<BoxRecord | undefined> {
  const { store, events } = place;
  await store.removeRun(record.id);
  if (record.autoRemove) {
    events.emit("box.stopped", { id: record.id, exit });
    await removeBox(place, record, {});
    return undefined;
  }
  const settled = await store.write({ ...record, intent: "stopped", exit });
  events.emit("box.stopped", { id: record.id, exit });
  return settled;
}

/** Removes the traces of the last run, so that they are not taken for those of the next. */
export async function forgetRun(place: BoxPlace, { id }: BoxRecord): Promise<void> {
  await place.store.removeRun(id);
  const state = statePath(place, id);
  for (const path of [state, `${state}.alive`, vmPaths(place.home, id).exitRecord]) await rm(path, { force: true });
}
