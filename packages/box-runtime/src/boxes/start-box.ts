import type { BootedVm } from "../boot/boot-vm.ts";
import { vmPaths } from "../boot/box-directories.ts";
import { errorCodeOf } from "../metering/meter-exec.ts";
import { ReleaseStack } from "../release-stack.ts";
import { monotonicMs } from "../supervisor/monotonic.ts";
import { bootStored } from "./boot-stored.ts";
import { failedStart } from "./box-exit.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";
import { closeOpened, runPaths } from "./box-runs.ts";
import { settleBox } from "./settle-box.ts";
import { tell } from "./tell.ts";

/** How a box is started. */
export interface StartOptions {
  /** The main process waits for the first who attaches. */
  readonly onAttach: boolean;
  /** Whether somebody wants it to be started, or its restart policy does; that counts the restarts. */
  readonly by: "caller" | "policy";
  readonly signal: AbortSignal;
}

/** A box that was started here. */
export interface StartedBox {
  readonly record: BoxRecord;
  readonly booted: BootedVm;
}

/** Starts a box that does not run. Under the lock of the box. */
export async function startBox(place: BoxPlace, box: BoxRecord, options: StartOptions): Promise<StartedBox> {
  const { store } = place;
  const { id } = box;
  // It may still have the disk, when the process that opened the box was killed.
  await closeOpened(place, id);
  const startedAt = new Date().toISOString();
  const record = await store.write({
    ...{ ...box, intent: "starting", exit: null, startedAt, runs: box.runs + 1 },
    ...{ restarts: options.by === "policy" ? box.restarts + 1 : 0, halted: false, nextStartAt: null, readyMs: null },
  });
  const held = new ReleaseStack();
  try {
    const booted = await boot(place, record, options, held);
    const running = await store.write({ ...record, intent: "running", readyMs: monotonicMs() });
    place.metrics?.recordBoot(booted.timings);
    await tell(place, "box.started", { id, timings: booted.timings }, record);
    return { record: running, booted };
  } catch (error) {
    place.metrics?.recordBootFailure({ errorCode: errorCodeOf(error) });
    await held[Symbol.asyncDispose]();
    await tell(place, "box.error", { id, error }, record);
    // Who wanted it to be started knows that it was not: it is theirs to try again.
    await settleBox(place, { ...record, halted: options.by === "caller" }, failedStart(error));
    throw error;
  }
}

async function boot(
  place: BoxPlace,
  record: BoxRecord,
  { signal, onAttach }: StartOptions,
  held: ReleaseStack,
): Promise<BootedVm> {
  const { config, main } = record;
  const run = runPaths(place, record);
  return await bootStored(place, record, {
    ...{ config, signal, held, log: vmPaths(place.home, record.id).log, exitRecord: run.exit },
    main: main === null ? undefined : { ...main, start: onAttach ? "attach" : "boot" },
    life: { statePath: run.state, detached: true },
  });
}
