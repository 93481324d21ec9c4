import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { unlessMissing } from "@a3s/core";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";
import { runPaths } from "./box-runs.ts";

/**
 * Notes that somebody has asked for the end of a run, before it is brought about: its restart policy leaves the box alone then. A file of the
 * run, because a kill has no lock to write the record with. Where there is no room for it, or no run any more, the end comes all the same.
 */
export async function noteHalt(place: BoxPlace, record: BoxRecord): Promise<void> {
  try {
    const file = await unlessMissing(open(join(runPaths(place, record).directory, "halted"), "w", 0o600));
    await file?.close();
  } catch (error) {
    if (!/^(ENOSPC|EDQUOT)$/.test((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/** Whether somebody has asked for the end of the last run. Under the lock of the box, before what the run has left is removed. */
export async function wasHalted(place: BoxPlace, record: BoxRecord): Promise<boolean> {
  if (record.halted || record.intent === "stopping") return true;
  const { directory } = runPaths(place, record);
  for (const run of [directory, `${directory}.over`]) {
    if ((await unlessMissing(stat(join(run, "halted")))) !== undefined) return true;
  }
  return false;
}
