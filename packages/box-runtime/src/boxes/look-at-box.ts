import type { BoxId } from "@a3s/core";
import type { AttachedVm } from "@a3s/vm";
import { boxNotFound } from "./box-error.ts";
import { endOf, UNKNOWN_END } from "./box-exit.ts";
import type { BoxExit, BoxLife } from "./box-life.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";
import { findVm } from "./box-runs.ts";
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
    const vm = mayRun(record.intent) ? await findVm(place, record) : undefined;
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
  const vm = mayRun(record.intent) ? await findVm(place, record) : undefined;
  const { life, mend } = deriveLife({ intent: record.intent, alive: vm?.running ?? false, busy: false });
  const exit = life === "stopped" && mend === "settle" ? await endOf(record, vm) : (record.exit ?? undefined);
  const running = vm?.running ? vm : undefined;
  return { record, life, mend, vm: running, exit, [Symbol.dispose]: () => vm?.release() };
}

async function hasChanged({ store }: BoxPlace, { id, generation }: BoxRecord): Promise<boolean> {
  const now = await store.read(id);
  if (now === undefined) throw boxNotFound(id);
  return "damage" in now || now.generation !== generation;
}
