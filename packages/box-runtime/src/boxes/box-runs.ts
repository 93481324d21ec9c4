import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { BoxError, type BoxId, newBoxId, unlessMissing } from "@a3s/core";
import { type AttachedVm, type AttachOptions, attachVm } from "@a3s/vm";
import { vmPaths } from "../boot/box-directories.ts";
import { boxDamaged } from "./box-error.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";

/** Directory of a run of a box, or of one that is over. */
const RUN = /^run-\d+(\.over)?$/;
/** The same of a VM that was there for a box's files alone. */
const OPENED = /^opened-[a-z0-9]{12}(\.over)?$/;

/** Where the VM of one run leaves its traces. */
export interface RunPaths {
  readonly directory: string;
  /** Who it is. */
  readonly state: string;
  /** How it ended. */
  readonly exit: string;
}

/**
 * Each run has a directory of its own. A VM host whose starter was killed may come late, when the run has been given up; it finds no
 * directory then to say who it is, and ends.
 */
export function runPaths({ store }: BoxPlace, { id, runs }: Pick<BoxRecord, "id" | "runs">): RunPaths {
  return pathsIn(join(store.directory(id), `run-${runs}`));
}

/** The same for a VM that is there for the files of a box which does not run. It is no run, so that it has no number. */
export function openedPaths({ store }: BoxPlace, id: BoxId): RunPaths {
  return pathsIn(join(store.directory(id), `opened-${newBoxId()}`));
}

/** The VM of the last run, living or not; undefined when it left no word. @throws RuntimeError `BOX_DAMAGED` */
export async function findVm(place: BoxPlace, record: BoxRecord): Promise<AttachedVm | undefined> {
  const run = runPaths(place, record);
  try {
    return (await attach(place, record.id, run)) ?? (await attach(place, record.id, pathsIn(`${run.directory}.over`)));
  } catch (error) {
    throw error instanceof BoxError ? boxDamaged(record.id, error.message) : error;
  }
}

/**
 * Gives up all runs of a box: no VM comes to be in them any more, and one that did a moment ago is ended. What they have left stays until
 * {@link removeRuns}. Under the lock of the box.
 */
export async function closeRuns(place: BoxPlace, id: BoxId): Promise<void> {
  await close(place, id, RUN);
  await closeOpened(place, id);
}

/**
 * Gives up the VM that was there for the files of a box, and whatever it has left: also of a process that was killed, whose VM may take a
 * moment to end after it and has the box's disk until then. Under the lock of the box, which does not run.
 */
export async function closeOpened(place: BoxPlace, id: BoxId): Promise<void> {
  if ((await directoriesOf(place, id, OPENED)).length === 0) return;
  await close(place, id, OPENED);
  for (const directory of await directoriesOf(place, id, OPENED)) await rm(directory, { recursive: true, force: true });
  await place.store.removeRun(id);
}

async function close(place: BoxPlace, id: BoxId, which: RegExp): Promise<void> {
  for (const directory of await directoriesOf(place, id, which)) {
    const over = directory.endsWith(".over") ? directory : `${directory}.over`;
    if (directory !== over) await rename(directory, over);
    // What cannot be told to be its VM is not touched.
    const vm = await attach(place, id, pathsIn(over)).catch(() => undefined);
    if (vm?.running) await vm.kill();
  }
}

/** Removes what closed runs have left. Under the lock of the box. */
export async function removeRuns(place: BoxPlace, id: BoxId): Promise<void> {
  for (const directory of await directoriesOf(place, id, RUN)) {
    if (directory.endsWith(".over")) await rm(directory, { recursive: true, force: true });
  }
}

async function directoriesOf({ store }: BoxPlace, id: BoxId, which: RegExp): Promise<readonly string[]> {
  const names = (await unlessMissing(readdir(store.directory(id)))) ?? [];
  return names.filter((name) => which.test(name)).map((name) => join(store.directory(id), name));
}

function pathsIn(directory: string): RunPaths {
  return { directory, state: join(directory, "vm.json"), exit: join(directory, "exit.json") };
}

async function attach({ home }: BoxPlace, id: BoxId, { state, exit }: RunPaths): Promise<AttachedVm | undefined> {
  const options: AttachOptions = { statePath: state, log: { path: vmPaths(home, id).log }, exitPath: exit };
  try {
    return await attachVm(options);
  } catch (error) {
    if (error instanceof BoxError && error.code === "VM_STATE_MISSING") return undefined;
    throw error;
  }
}
