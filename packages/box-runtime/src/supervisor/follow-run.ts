import { BoxError, type FileChanges } from "@a3s/core";
import type { AttachedVm } from "@a3s/vm";
import { awaitRunEnd } from "../boxes/await-box-end.ts";
import type { BoxPlace } from "../boxes/box-place.ts";
import type { BoxRecord } from "../boxes/box-record.ts";
import { lookAtOwnBox } from "../boxes/look-at-box.ts";
import { tell } from "../boxes/tell.ts";
import { monotonicMs, until } from "./monotonic.ts";
import { watchHealth } from "./watch-health.ts";
import { watchNetwork } from "./watch-network.ts";

/**
 * Follows a box that runs until its run is over and written down, checks its health and its network meanwhile and ends it when it has lived as
 * long as it may.
 *
 * @throws the signal's reason
 */
export async function followRun(
  place: BoxPlace,
  record: BoxRecord,
  vm: AttachedVm,
  { changes, signal }: { readonly changes: FileChanges; readonly signal: AbortSignal },
): Promise<void> {
  const over = new AbortController();
  const within = AbortSignal.any([signal, over.signal]);
  const duties = Promise.all([
    doDuties(place, record, changes, within),
    report(place, record, within, watchNetwork(place, record, within)),
  ]);
  try {
    await awaitRunEnd(place, record, vm, signal);
  } finally {
    over.abort();
    await duties;
  }
}

/** Until the signal aborts; anew whenever the configuration says something else. */
async function doDuties(place: BoxPlace, record: BoxRecord, changes: FileChanges, signal: AbortSignal): Promise<void> {
  for (let current: BoxRecord | undefined = record; current !== undefined; ) {
    const turn = new AbortController();
    const during = AbortSignal.any([signal, turn.signal]);
    const work = Promise.all([
      report(place, current, during, watchHealth(place, current, during)),
      report(place, current, during, endInTime(place, current, during)),
    ]);
    current = await nextDuties(place, current, changes, signal);
    turn.abort();
    await work;
  }
}

/** What keeps a supervisor from one duty keeps it from no other. */
async function report({ events }: BoxPlace, { id }: BoxRecord, signal: AbortSignal, duty: Promise<void>) {
  try {
    await duty;
  } catch (error) {
    const isGone = error instanceof BoxError && error.code === "BOX_NOT_FOUND";
    if (!signal.aborted && !isGone) events.emit("box.unsupervised", { id, error });
  }
}

/** The record once it asks for something else of a supervisor; undefined when the signal aborts. */
async function nextDuties({ store }: BoxPlace, record: BoxRecord, changes: FileChanges, signal: AbortSignal) {
  try {
    for (;;) {
      await changes.next(signal);
      const now = await store.read(record.id);
      if (now === undefined || "damage" in now || now.runs !== record.runs) continue;
      if (dutiesOf(now) !== dutiesOf(record)) return now;
    }
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

function dutiesOf({ config, readyMs }: BoxRecord): string {
  return JSON.stringify([config.healthCheck, config.lifetimeMs, readyMs]);
}

/** A box that lives on after its time was over is nobody's wish: it is stopped as if somebody had asked for it. */
async function endInTime(place: BoxPlace, record: BoxRecord, signal: AbortSignal) {
  const { id, runs, config, readyMs } = record;
  if (config.lifetimeMs === undefined) return;
  await until((readyMs ?? monotonicMs()) + config.lifetimeMs, signal);
  await tell(place, "box.expired", { id }, record);
  // Waited for also when the signal has aborted: a stop that was begun is brought to its end.
  await place.store.locked(id, signal, async () => {
    using seen = await lookAtOwnBox(place, id);
    if (seen.vm === undefined || seen.life !== "running" || seen.record.runs !== runs) return;
    const { stopBox } = await import("../boxes/stop-box.ts");
    await stopBox(place, seen.record, seen.vm, seen.record.config.stopGraceMs);
  });
}
