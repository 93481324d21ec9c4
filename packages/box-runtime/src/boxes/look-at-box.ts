import { BoxError, type BoxId } from "@a3s/core";
import { type AttachedVm, attachVm } from "@a3s/vm";
import { vmPaths } from "../boot/box-directories.ts";
import { boxDamaged, boxNotFound } from "./box-error.ts";
import { endOf, UNKNOWN_END } from "./box-exit.ts";
import type { BoxExit, BoxLife } from "./box-life.ts";
import { type BoxPlace, statePath } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";
import { type BoxMend, deriveLife, isPassing, mayRun } from "./derive-life.ts";

/** A box as it is now. Disposing of it lets go of its VM, which runs on. */
export interface SeenBox extends Disposable {
  readonly record: BoxRecord;
  readonly life: BoxLife;
  readonly mend: BoxMend | undefined;
  /** Its VM, if it runs. */
  readonly vm: AttachedVm | undefined;
  /** How its last run ended; undefined while it runs, and when it never did. */
  readonly exit: BoxExit | undefined;
}

/**
 * Looks at a box, whoever is at it: at its record, at its VM if it may have one, and at its lock if somebody should have it.
 *
 * @throws RuntimeError `BOX_NOT_FOUND`, `BOX_DAMAGED`
 */
export async function lookAtBox(place: BoxPlace, id: BoxId): Promise<SeenBox> {
  for (;;) {
    const record = await place.store.require(id);
    const vm = mayRun(record.intent) ? await findVm(place, id) : undefined;
    const busy = isPassing(record.intent) && (await place.store.isBusy(id));
    const { life, mend } = deriveLife({ intent: record.intent, alive: vm?.running ?? false, busy });
    const seen = { record, life, mend, vm: vm?.running ? vm : undefined, [Symbol.dispose]: () => vm?.release() };
    // What was seen in several looks belongs together when nothing was written meanwhile.
    if (mayRun(record.intent) && (await hasChanged(place, record))) {
      seen[Symbol.dispose]();
      continue;
    }
    const exit = life === "stopped" && mend === "settle" ? await endOf(record, vm) : record.exit;
    return { ...seen, exit: life === "stopped" ? (exit ?? UNKNOWN_END) : undefined };
  }
}

/** The same under the lock of the box, where it cannot be busy. @throws as {@link lookAtBox} */
export async function lookAtOwnBox(place: BoxPlace, id: BoxId): Promise<SeenBox> {
  const record = await place.store.require(id);
  const vm = mayRun(record.intent) ? await findVm(place, id) : undefined;
  const { life, mend } = deriveLife({ intent: record.intent, alive: vm?.running ?? false, busy: false });
  const exit = life === "stopped" && mend === "settle" ? await endOf(record, vm) : (record.exit ?? undefined);
  const running = vm?.running ? vm : undefined;
  return { record, life, mend, vm: running, exit, [Symbol.dispose]: () => vm?.release() };
}

/** The VM that its record names, running or not; undefined when there is no record. @throws RuntimeError `BOX_DAMAGED` */
export async function findVm(place: BoxPlace, id: BoxId): Promise<AttachedVm | undefined> {
  const { log, exitRecord } = vmPaths(place.home, id);
  try {
    return await attachVm({ statePath: statePath(place, id), log: { path: log }, exitPath: exitRecord });
  } catch (error) {
    if (!(error instanceof BoxError)) throw error;
    if (error.code === "VM_STATE_MISSING") return undefined;
    throw boxDamaged(id, error.message);
  }
}

async function hasChanged({ store }: BoxPlace, { id, generation }: BoxRecord): Promise<boolean> {
  const now = await store.read(id);
  if (now === undefined) throw boxNotFound(id);
  return "damage" in now || now.generation !== generation;
}
