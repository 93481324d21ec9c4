import { rm } from "node:fs/promises";
import { type AgentClient, connectAgent, type Doorbell, listenDoorbell } from "@a3s/agent-client";
import { type BoxConfig, type BoxId, type HomeLayout, raceSignal, startDeadline } from "@a3s/core";
import { type BootTimings, StageTimer } from "@a3s/metrics";
import type { PullEvent, StoredImage } from "@a3s/oci";
import { createDisk, planMounts, type RootEvent } from "@a3s/rootfs";
import { checkHost, type JailMode, launchVm, publishBootRoot, type VmProcess } from "@a3s/vm";
import type { ImagePullOptions } from "../image/find-image.ts";
import { holdImage } from "../image/hold-image.ts";
import { planGuestConfig, planVmSpec } from "../plan/guest-plan.ts";
import { planPlatform } from "../plan/image-platform.ts";
import { type MainRequest, planGuestMain } from "../plan/main-process.ts";
import { planNetwork } from "../plan/network.ts";
import type { ReleaseStack } from "../release-stack.ts";
import { Volumes } from "../volumes/volumes.ts";
import { bootError } from "./boot-error.ts";
import type { BootStage } from "./boot-stage.ts";
import { createBoxDirectories } from "./box-directories.ts";
import { checkPorts } from "./check-ports.ts";
import { checkVolumes } from "./check-volumes.ts";
import { awaitMainEnd, type MainExit } from "./main-end.ts";

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
export interface BootedBox {
  readonly vm: VmProcess;
  readonly agent: AgentClient;
  readonly image: StoredImage;
  readonly timings: BootTimings;
  /** How the main process ends, where the guest has one. */
  readonly mainEnd: Promise<MainExit> | undefined;
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
  planNetwork(config);
  await checkPorts(config.ports);
  const platform = planPlatform(config.platform);
  const volumes = await checkVolumes(config.volumes);
  const mounts = planMounts({ ...config, volumes, volumesDirectory: home.volumes });
  const { image, root: lower } = held.use(
    await holdImage(config.image, { ...options, platform, policy: config.pullPolicy, onImage: () => enter("rootfs") }),
  );

  enter("prepare");
  for (const { name } of mounts.volumes) held.use(await new Volumes(home.volumes).hold(name, { signal }));
  const directories = held.use(await createBoxDirectories(home, id));
  const disks: string[] = [];
  for (const { sizeMib } of mounts.disks) {
    const path = directories.disk(disks.length);
    await createDisk({ path, sizeMib, signal });
    disks.push(path);
  }
  const main = options.main && planGuestMain(image.config, options.main, config);
  const bootRoot = await publishBootRoot(home, { signal });
  using deadline = startDeadline({ signal, timeoutMs: config.bootTimeoutMs, what: "The guest's readiness" });
  const { doorbellSocket, agentSocket, log, exitRecord } = directories;
  const doorbell = held.use(
    await listenDoorbell({
      socketPath: doorbellSocket,
      config: planGuestConfig(id, config, mounts, main),
      signal: deadline.signal,
    }),
  );

  let vm: VmProcess | undefined;
  try {
    enter("spawn");
    const hasMain = main !== undefined;
    const spec = planVmSpec(config, mounts, { bootRoot, lower, doorbellSocket, agentSocket, disks, hasMain });
    vm = held.use(
      await launchVm(spec, {
        log: { path: log, ...config.logs },
        exitPath: exitRecord,
        jail: options.jail,
        signal: deadline.signal,
      }),
    );
    const guest = await awaitGuest(doorbell, vm, enter);
    // The VM has them open. Without names, their room is free again whatever becomes of this process.
    for (const disk of disks) await rm(disk);
    enter("health");
    const agent = held.use(connectAgent({ socketPath: agentSocket }));
    await raceSignal(requireServing(agent, deadline.signal), deadline.signal);
    // On this side it is the agent's call for its configuration that ends the kernel's stage.
    const begun = guest.stages.filter(({ name }) => name === "doorbell");
    const configured = guest.stages.filter(({ name }) => name !== "doorbell");
    const timings = timer.finish().within("kernel", begun).within("guest", configured);
    // At once: a main process that has ended already keeps its guest for a moment until somebody asks.
    const mainEnd = hasMain ? awaitMainEnd(agent, vm) : undefined;
    // Nothing that runs in the guest from here on shall find the doorbell.
    await doorbell[Symbol.asyncDispose]();
    return { vm, agent, image, timings, mainEnd };
  } catch (error) {
    const examineHost = async () => (await checkHost({ home: home.home })).findings;
    throw await bootError(error, { stage: timer.current as BootStage, vm, callerSignal: signal, examineHost });
  }
}

/** Until the guest says ready, or its VM ends, or the doorbell's signal aborts. */
async function awaitGuest(doorbell: Doorbell, vm: VmProcess, enter: (stage: BootStage) => void) {
  const ended = vm.exited.then((exit): never => {
    throw new VmEndedDuringBoot(exit.meaning);
  });
  // It also rejects after the race is over, when the box ends.
  ended.catch(() => {});
  enter("kernel");
  await Promise.race([doorbell.configured, ended]);
  enter("guest");
  return await Promise.race([doorbell.ready, ended]);
}

async function requireServing(agent: AgentClient, signal: AbortSignal): Promise<void> {
  const health = await agent.health({ signal });
  if (health !== "serving") throw new Error(`the agent's health is ${health}`);
}

/** The VM ended before its guest was ready. */
class VmEndedDuringBoot extends Error {}
