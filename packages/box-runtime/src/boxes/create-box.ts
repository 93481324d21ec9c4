import { type BoxConfigInput, isNetworkName, newBoxId, parseBoxConfig } from "@a3s/core";
import { planMounts } from "@a3s/rootfs";
import { checkVolumes } from "../boot/check-volumes.ts";
import { holdImage } from "../image/hold-image.ts";
import { requirePasst } from "../network/find-passt.ts";
import { NetworkStore } from "../networks/network-store.ts";
import { planHealthCheck } from "../plan/health-check.ts";
import { planPlatform } from "../plan/image-platform.ts";
import { planGuestMain } from "../plan/main-process.ts";
import { checkPublished } from "../plan/network.ts";
import { Volumes } from "../volumes/volumes.ts";
import { boxNameTaken } from "./box-error.ts";
import { chooseName, requireBoxName } from "./box-name.ts";
import type { BoxPlace } from "./box-place.ts";
import { type BoxRecord, formatRecord } from "./box-record.ts";
import type { BoxCreateOptions } from "./boxes.ts";
import { unpin } from "./remove-box.ts";
import { tell } from "./tell.ts";

/** Makes a box, with its root and its volumes kept for it. */
export async function createBox(
  place: BoxPlace,
  input: BoxConfigInput,
  { name, autoRemove = false, main = {}, pull, signal = new AbortController().signal }: BoxCreateOptions,
): Promise<BoxRecord> {
  const { home, store, stores, events } = place;
  const config = parseBoxConfig(input);
  if (name !== undefined) requireBoxName(name);
  const id = newBoxId();
  // What can be refused without a look at the image is.
  checkPublished(config);
  if (config.network === "passt") await requirePasst();
  const platform = planPlatform(config.platform);
  const volumes = await checkVolumes(config.volumes);
  const mounts = planMounts({ ...config, volumes, volumesDirectory: home.volumes });
  if (name !== undefined) await requireFree(place, name);
  const networks = new NetworkStore(home);
  if (isNetworkName(config.network)) await networks.get(config.network, signal);
  await using held = await holdImage(config.image, {
    ...{ stores, signal, platform, policy: config.pullPolicy, pull: { ...place.pull, ...pull } },
    onPull: (event) => events.emit("box.pull", { id, event }),
    onRoot: (event) => events.emit("box.root", { id, event }),
    onImage: () => {},
  });
  const { reference, manifestDigest, config: image } = held.image;
  const { entrypoint, cmd, env, workingDir, user, stopSignal } = image;
  const box: BoxRecord = {
    version: 1,
    ...{ id, name: name ?? id, generation: 1, createdAt: new Date().toISOString(), intent: "created" },
    ...{ startedAt: null, exit: null, restarts: 0, runs: 0, autoRemove },
    ...{ halted: false, nextStartAt: null, readyMs: null },
    main: main === false ? null : { tty: main.tty ?? false, stdin: main.stdin ?? main.tty ?? false },
    image: {
      ...{ reference, digest: manifestDigest },
      process: {
        ...{ entrypoint: [...entrypoint], cmd: [...cmd], env: [...env], workingDir, user },
        ...(stopSignal === undefined ? {} : { stopSignal }),
      },
    },
    chainId: held.chainId,
    config: parseBoxConfig({ ...config, healthCheck: planHealthCheck(config, image) }),
  };
  if (box.main !== null) planGuestMain(box.image.process, box.main, config);
  formatRecord(box);
  const roots = await stores.roots(signal);
  return await store.naming(signal, async () => {
    const taken = await store.names();
    const other = name === undefined ? undefined : taken.get(name);
    if (name !== undefined && other !== undefined) throw boxNameTaken(name, other);
    const named = { ...box, name: name ?? chooseName(new Set(taken.keys())) };
    try {
      // Before the box is there: what is pinned by none is given up by the next who looks.
      await roots.pin(held.chainId, id, { signal });
      const names = mounts.volumes.map((volume) => volume.name);
      await new Volumes(home.volumes).pin(names, id, { signal });
      if (isNetworkName(config.network)) await networks.enroll(config.network, id, signal);
      await store.publish(named);
    } catch (error) {
      await unpin(place, id);
      throw error;
    }
    await tell(place, "box.created", { id, name: named.name }, named);
    return named;
  });
}

/** Refuses a name before anything is pulled for it; that it is still free is seen later. */
async function requireFree({ store }: BoxPlace, name: string): Promise<void> {
  const other = (await store.names()).get(name);
  if (other !== undefined) throw boxNameTaken(name, other);
}
