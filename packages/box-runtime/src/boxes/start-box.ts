import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { unlessMissing } from "@a3s/core";
import { StageTimer } from "@a3s/metrics";
import { createDisk, type Disk, LowerStore, planMounts } from "@a3s/rootfs";
import type { BootStage } from "../boot/boot-stage.ts";
import { type BootedVm, bootVm } from "../boot/boot-vm.ts";
import { makePrivate, type VmPaths, vmPaths } from "../boot/box-directories.ts";
import { checkPorts } from "../boot/check-ports.ts";
import { checkVolumes } from "../boot/check-volumes.ts";
import { errorCodeOf } from "../metering/meter-exec.ts";
import { planNetwork } from "../plan/network.ts";
import { ReleaseStack } from "../release-stack.ts";
import { monotonicMs } from "../supervisor/monotonic.ts";
import { Volumes } from "../volumes/volumes.ts";
import { failedStart } from "./box-exit.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";
import { runPaths } from "./box-runs.ts";
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
  const { home, events, jail } = place;
  const { id, config, main } = record;
  const timer = new StageTimer();
  const enter = (stage: BootStage) => {
    timer.begin(stage);
    events.emit("box.stage", { id, stage });
  };
  enter("prepare");
  planNetwork(config);
  await checkPorts(config.ports);
  const volumes = await checkVolumes(config.volumes);
  const mounts = planMounts({ ...config, volumes, volumesDirectory: home.volumes });
  await using lower = await (await LowerStore.open(home.rootfs, { signal })).lease(record.chainId, { signal });
  const names = mounts.volumes.map(({ name }) => name);
  await new Volumes(home.volumes).pin(names, id, { signal });
  const run = runPaths(place, record);
  const paths = { ...vmPaths(home, id), exitRecord: run.exit };
  for (const directory of [join(home.run, id), run.directory]) await makePrivate(directory);
  return await bootVm({
    ...{ id, config, home, mounts, paths, jail, signal, held, timer, enter },
    image: record.image.process,
    lower: lower.path,
    disks: await keepDisks(mounts.disks, paths, signal),
    main: main === null ? undefined : { ...main, start: onAttach ? "attach" : "boot" },
    life: { statePath: run.state },
  });
}

/** Disks of the starts before are used again; one that is missing is made, whole or not at all. */
async function keepDisks(disks: readonly Disk[], paths: VmPaths, signal: AbortSignal): Promise<readonly string[]> {
  const kept: string[] = [];
  for (const { sizeMib } of disks) {
    const path = paths.disk(kept.length);
    if ((await unlessMissing(stat(path))) === undefined) {
      await rm(`${path}.tmp`, { force: true });
      await createDisk({ path: `${path}.tmp`, sizeMib, signal });
      await rename(`${path}.tmp`, path);
    }
    kept.push(path);
  }
  return kept;
}
