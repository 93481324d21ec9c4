import { AGENT_PORT, DOORBELL_PORT, type GuestConfig } from "@a3s/agent-client";
import type { BoxConfig, BoxId } from "@a3s/core";
import type { BootRoot, VmSpec } from "@a3s/vm";

/** Tag of the share that holds the image. */
const LOWER_TAG = "a3s.lower";

/** What a plan needs to know about the host; every path is absolute. */
export interface PlanPaths {
  readonly bootRoot: BootRoot;
  /** The image's immutable root directory. */
  readonly lower: string;
  readonly doorbellSocket: string;
  readonly agentSocket: string;
}

/** The VM for a box: the boot root as its root, the image and the volumes as further shares, two vsock ports, no network. */
export function planVmSpec(config: BoxConfig, paths: PlanPaths): VmSpec {
  return {
    vcpus: config.vcpus,
    memoryMib: config.memoryMib,
    root: { path: paths.bootRoot.path, readOnly: true },
    init: { path: paths.bootRoot.agent, pid1: true },
    shares: [
      { tag: LOWER_TAG, path: paths.lower, readOnly: true },
      ...config.volumes.map((volume, index) => ({
        tag: volumeTag(index),
        path: volume.source,
        readOnly: volume.readOnly,
      })),
    ],
    vsockPorts: [
      { port: DOORBELL_PORT, socketPath: paths.doorbellSocket, direction: "guest-connects" },
      { port: AGENT_PORT, socketPath: paths.agentSocket, direction: "host-connects" },
    ],
    network: { kind: "none" },
  };
}

/** What the guest agent is told over the doorbell; it speaks of shares by the tags of {@link planVmSpec}. */
export function planGuestConfig(id: BoxId, config: BoxConfig): GuestConfig {
  return {
    boxId: id,
    hostname: config.hostname ?? id,
    root: { lowerTag: LOWER_TAG, readOnly: config.readOnly, upperSizeBytes: 0 },
    mounts: config.volumes.map((volume, index) => ({
      kind: "virtio-fs",
      tag: volumeTag(index),
      target: volume.target,
      readOnly: volume.readOnly,
    })),
  };
}

function volumeTag(index: number): string {
  return `a3s.volume.${index}`;
}
