import { AGENT_PORT, DOORBELL_PORT, type GuestConfig, type GuestMain } from "@a3s/agent-client";
import type { BoxConfig, BoxId } from "@a3s/core";
import type { MountPlan } from "@a3s/rootfs";
import type { BootRoot, VmSpec } from "@a3s/vm";
import type { NetworkPlan } from "./network-plan.ts";

/** 128 files of an image at a time, or 256 MiB of larger ones; 4 MiB of the guest's memory. */
const IMAGE_WINDOW_MIB = 256;

/** What a plan needs to know about the host; every path is absolute. */
export interface PlanPaths {
  readonly bootRoot: BootRoot;
  /** The image's immutable root directory. */
  readonly lower: string;
  readonly doorbellSocket: string;
  readonly agentSocket: string;
  /** Images of the plan's disks. */
  readonly disks: readonly string[];
  /** The guest has a main process, whose output goes into the VM's log; false by default. */
  readonly hasMain?: boolean | undefined;
}

/**
 * The VM for a box: the boot root as its root, what the guest mounts as further shares, two vsock ports, and its
 * network.
 */
export function planVmSpec(
  config: BoxConfig,
  { root, shares }: MountPlan,
  network: NetworkPlan,
  paths: PlanPaths,
): VmSpec {
  return {
    vcpus: config.vcpus,
    memoryMib: config.memoryMib,
    root: { path: paths.bootRoot.path, readOnly: true },
    init: { path: paths.bootRoot.agent, pid1: true },
    disks: paths.disks.map((path) => ({ path, readOnly: false })),
    shares: [{ tag: root.lowerTag, path: paths.lower, readOnly: true, daxWindowMib: IMAGE_WINDOW_MIB }, ...shares],
    vsockPorts: [
      { port: DOORBELL_PORT, socketPath: paths.doorbellSocket, direction: "guest-connects" },
      { port: AGENT_PORT, socketPath: paths.agentSocket, direction: "host-connects" },
    ],
    streams: paths.hasMain ?? false,
    network: network.vm,
    limits: config.limits,
  };
}

/** What the guest agent is told over the doorbell; it speaks of shares by the tags that the VM has them under. */
export function planGuestConfig(
  id: BoxId,
  config: BoxConfig,
  { root, mounts }: MountPlan,
  { interfaces, resolver }: NetworkPlan,
  main?: GuestMain,
): GuestConfig {
  return {
    boxId: id,
    hostname: config.hostname ?? id,
    root: { ...root, upperSizeBytes: 0 },
    mounts,
    main,
    hosts: config.extraHosts.map(({ name, address }) => ({ address, names: [name] })),
    resolver,
    interfaces,
    sysctls: config.sysctls,
  };
}
