import { type BoxConfig, type BoxId, type HomeLayout, isNetworkName } from "@a3s/core";
import { StageTimer } from "@a3s/metrics";
import type { PullEvent, StoredImage } from "@a3s/oci";
import { createDisk, planMounts, type RootEvent } from "@a3s/rootfs";
import type { JailMode } from "@a3s/vm";
import type { ImagePullOptions } from "../image/find-image.ts";
import { holdImage } from "../image/hold-image.ts";
import { HomeStores } from "../image/home-stores.ts";
import { NetworkStore } from "../networks/network-store.ts";
import { planPlatform } from "../plan/image-platform.ts";
import type { MainRequest } from "../plan/main-process.ts";
import type { ReleaseStack } from "../release-stack.ts";
import { Volumes } from "../volumes/volumes.ts";
import type { BootStage } from "./boot-stage.ts";
import { type BootedVm, bootVm } from "./boot-vm.ts";
import { createBoxDirectories } from "./box-directories.ts";
import { checkVolumes } from "./check-volumes.ts";
import { prepareNetwork } from "./prepare-network.ts";

/** What a boot needs. */
export interface BootOptions {
  readonly id: BoxId;
  readonly config: BoxConfig;
  readonly home: HomeLayout;
  readonly pull: ImagePullOptions;
  readonly jail: JailMode | undefined;
  readonly signal: AbortSignal;
  /** Takes charge of whatever the boot acquires, also of a boot that fails. */
  readonly held: ReleaseStack;
  /** Without it, the guest has no main process. */
  readonly main?: MainRequest | undefined;
  readonly onStage: (stage: BootStage) => void;
  readonly onPull: (event: PullEvent) => void;
  readonly onRoot: (event: RootEvent) => void;
}

/** A box that is up. */
export interface BootedBox extends BootedVm {
  readonly image: StoredImage;
}

/** Takes a box from its configuration to an agent that serves. What it acquires is in `held`, whatever happens. */
export async function bootBox(options: BootOptions): Promise<BootedBox> {
  const { id, config, home, held, signal } = options;
  const timer = new StageTimer();
  const enter = (stage: BootStage) => {
    timer.begin(stage);
    options.onStage(stage);
  };

  enter("image");
  // What can be refused without a look at the image is.
  const means = await prepareNetwork(config);
  if (isNetworkName(config.network)) {
    const networks = new NetworkStore(home);
    held.defer(() => networks.withdraw(id));
    await networks.enroll(config.network, id, signal);
  }
  const platform = planPlatform(config.platform);
  const volumes = await checkVolumes(config.volumes);
  const mounts = planMounts({ ...config, volumes, volumesDirectory: home.volumes });
  const { image, root: lower } = held.use(
    await holdImage(config.image, {
      ...options,
      ...{ stores: new HomeStores(home), platform, policy: config.pullPolicy },
      onImage: () => enter("rootfs"),
    }),
  );

  enter("prepare");
  for (const { name } of mounts.volumes) held.use(await new Volumes(home.volumes).hold(name, { signal }));
  const paths = held.use(await createBoxDirectories(home, id));
  const disks: string[] = [];
  for (const { sizeMib } of mounts.disks) {
    const path = paths.disk(disks.length);
    await createDisk({ path, sizeMib, signal });
    disks.push(path);
  }
  const from = { image: image.config, mounts, means, lower, paths, disks };
  const vm = await bootVm({ ...options, ...from, life: "attached", timer, enter });
  return { ...vm, image };
}
