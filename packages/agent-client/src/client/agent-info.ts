import { guestText } from "../errors/guest-text.ts";
import type { InfoResponse } from "../gen/a3s/agent/v1/agent_pb.ts";
import { durationToMs } from "../time/duration.ts";

/** What a guest says about itself; texts are cut to 256 characters and hold no control characters. */
export interface AgentInfo {
  readonly agentVersion: string;
  /** Generation of a3s.agent.v1. */
  readonly protocol: number;
  /** `uname -r`, such as "6.12.68". */
  readonly kernelRelease: string;
  /** `uname -m`, such as "x86_64". */
  readonly machine: string;
  readonly hostname: string;
  /** Since the guest's kernel started, in milliseconds. */
  readonly uptimeMs: number;
}

export function readInfo(response: InfoResponse): AgentInfo {
  return {
    agentVersion: guestText(response.agentVersion, 256),
    protocol: response.protocol,
    kernelRelease: guestText(response.kernelRelease, 256),
    machine: guestText(response.machine, 256),
    hostname: guestText(response.hostname, 256),
    uptimeMs: durationToMs(response.uptime),
  };
}
