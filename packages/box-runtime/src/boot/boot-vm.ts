import { rm } from "node:fs/promises";
import { type AgentClient, connectAgent, type Doorbell, listenDoorbell } from "@a3s/agent-client";
import { type BoxConfig, type BoxId, type HomeLayout, raceSignal, startDeadline } from "@a3s/core";
import type { BootTimings, StageTimer } from "@a3s/metrics";
import type { MountPlan } from "@a3s/rootfs";
import { checkHost, type JailMode, launchVm, publishBootRoot, type VmProcess } from "@a3s/vm";
import { type Joining, takeSeat } from "../networks/box-seat.ts";
import type { StoppableProcess } from "../plan/box-process.ts";
import { planGuestConfig, planVmSpec } from "../plan/guest-plan.ts";
import { type MainRequest, planGuestMain } from "../plan/main-process.ts";
import { type NetworkMeans, planNetwork } from "../plan/network.ts";
import type { ReleaseStack } from "../release-stack.ts";
import { bootError } from "./boot-error.ts";
import type { BootStage } from "./boot-stage.ts";
import type { VmPaths } from "./box-directories.ts";
import { awaitMainEnd, type MainExit } from "./main-end.ts";

/** What a VM is booted from, once everything that it needs is there. */
export interface VmBoot extends Pick<Joining, "name"> {
  readonly id: BoxId;
  readonly config: BoxConfig;
  readonly home: HomeLayout;
  /** What the image says about its process. */
  readonly image: StoppableProcess;
  readonly mounts: MountPlan;
  /** What its network needs of the machine, beside its place on a network of boxes, which is taken here. */
  readonly means: NetworkMeans;
  /** The image's root directory. */
  readonly lower: string;
  /** Images of the disks. */
  readonly disks: readonly string[];
  readonly paths: VmPaths;
  /** Without it, the guest has no main process. */
  readonly main?: MainRequest | undefined;
  /** Ends with this process, its disks with it; or is found by others through its state, whether it outlives this process or not. */
  readonly life: "attached" | { readonly statePath: string; readonly detached: boolean };
  readonly jail: JailMode | undefined;
  readonly signal: AbortSignal;
  /** Takes charge of whatever the boot acquires, also of a boot that fails. */
  readonly held: ReleaseStack;
  readonly timer: StageTimer;
  readonly enter: (stage: BootStage) => void;
}

/** A VM whose agent serves. */
export interface BootedVm {
  readonly vm: VmProcess;
  readonly agent: AgentClient;
  readonly timings: BootTimings;
  /** How the main process ends, where the guest has one. */
  readonly mainEnd: Promise<MainExit> | undefined;
}

/** From a root directory to an agent that serves. */
export async function bootVm(boot: VmBoot): Promise<BootedVm> {
  const { id, config, home, mounts, held, signal, paths, disks, life, enter, timer } = boot;
  const main = boot.main && planGuestMain(boot.image, boot.main, config);
  const seat = await takeSeat(home, boot);
  if (seat !== undefined) held.defer(() => seat[Symbol.dispose]());
  const network = planNetwork(config, { ...boot.means, seat });
  const bootRoot = await publishBootRoot(home, { signal });
  using deadline = startDeadline({ signal, timeoutMs: config.bootTimeoutMs, what: "The guest's readiness" });
  const { doorbellSocket, agentSocket, log, exitRecord } = paths;
  const doorbell = held.use(
    await listenDoorbell({
      socketPath: doorbellSocket,
      config: planGuestConfig(id, config, mounts, network, main),
      signal: deadline.signal,
    }),
  );

  let vm: VmProcess | undefined;
  try {
    enter("spawn");
    const hasMain = main !== undefined;
    const places = { bootRoot, lower: boot.lower, doorbellSocket, agentSocket, disks, hasMain };
    vm = held.use(
      await launchVm(planVmSpec(config, mounts, network, places), {
        log: { path: log, ...config.logs },
        exitPath: exitRecord,
        ...(life === "attached" ? {} : life),
        jail: boot.jail,
        signal: deadline.signal,
      }),
    );
    void doorbell.rehearse();
    const guest = await awaitGuest(doorbell, vm, enter);
    // The VM has them open. Without names, their room is free again whatever becomes of this process.
    if (life === "attached") for (const disk of disks) await rm(disk);
    // Nothing that runs in the guest once the box is up shall find the doorbell. Meanwhile the guest is asked for its health.
    const closed = Promise.resolve(doorbell[Symbol.asyncDispose]());
    closed.catch(() => {});
    enter("health");
    const agent = held.use(connectAgent({ socketPath: agentSocket }));
    await raceSignal(requireServing(agent, deadline.signal), deadline.signal);
    // On this side it is the agent's first word that ends the kernel's stage.
    const begun = guest.stages.filter(({ name }) => name === "doorbell");
    const configured = guest.stages.filter(({ name }) => name !== "doorbell");
    const timings = timer.finish().within("kernel", begun).within("guest", configured);
    // At once: a main process that has ended already keeps its guest for a moment until somebody asks.
    const mainEnd = hasMain ? awaitMainEnd(agent, vm) : undefined;
    await closed;
    // Its place is the VM's own from now on: the switch stays as long as that does.
    await seat?.connected(deadline.signal);
    seat?.[Symbol.dispose]();
    return { vm, agent, timings, mainEnd };
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
