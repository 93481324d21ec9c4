import { rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type BoxConfig, unlessMissing } from "@a3s/core";
import { StageTimer } from "@a3s/metrics";
import { createDisk, type Disk, planMounts } from "@a3s/rootfs";
import type { BootStage } from "../boot/boot-stage.ts";
import { type BootedVm, bootVm, type VmBoot } from "../boot/boot-vm.ts";
import { makePrivate, type VmPaths, vmPaths } from "../boot/box-directories.ts";
import { checkVolumes } from "../boot/check-volumes.ts";
import { prepareNetwork } from "../boot/prepare-network.ts";
import { Volumes } from "../volumes/volumes.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";

/** What a VM of a box is for, and where it leaves its traces. */
export interface StoredBoot extends Pick<VmBoot, "main" | "held" | "signal"> {
  /** That of the box, or of a VM that has less than its runs do. */
  readonly config: BoxConfig;
  /** The log's files are named after it. */
  readonly log: string;
  readonly exitRecord: string;
  readonly life: Exclude<VmBoot["life"], "attached">;
}

/** Boots a box's root, with its disk and its volumes. Under the lock of the box, which does not run. */
export async function bootStored(
  place: BoxPlace,
  { id, name, image, chainId }: BoxRecord,
  { config, log, exitRecord, main, life, held, signal }: StoredBoot,
): Promise<BootedVm> {
  const { home, stores, events, jail } = place;
  const means = await prepareNetwork(config);
  const timer = new StageTimer();
  const enter = (stage: BootStage) => {
    timer.begin(stage);
    events.emit("box.stage", { id, stage });
  };
  enter("prepare");
  const volumes = await checkVolumes(config.volumes);
  const mounts = planMounts({ ...config, volumes, volumesDirectory: home.volumes });
  await using lower = await (await stores.roots(signal)).lease(chainId, { signal });
  const names = mounts.volumes.map(({ name }) => name);
  await new Volumes(home.volumes).pin(names, id, { signal });
  const paths = { ...vmPaths(home, id), log, exitRecord };
  for (const directory of [join(home.run, id), dirname(life.statePath)]) await makePrivate(directory);
  const disks = await keepDisks(mounts.disks, paths, signal);
  return await bootVm({
    ...{ id, name, config, home, mounts, means, paths, disks, main, life, jail, signal, held, timer, enter },
    image: image.process,
    lower: lower.path,
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
