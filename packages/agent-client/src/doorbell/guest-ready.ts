import { guestText } from "../errors/guest-text.ts";
import type { Stage } from "../gen/a3s/boot/v1/boot_pb.ts";
import { durationToMs } from "../time/duration.ts";

/** A guest that took its configuration. */
export interface GuestHello {
  readonly agentVersion: string;
  /** Generation of a3s.agent.v1 that the agent speaks. */
  readonly protocol: number;
  /** From the start of the guest's kernel to this message, by the guest's clock, in milliseconds. */
  readonly kernelMs: number;
  /** When the message arrived, as `performance.now()` of this process. */
  readonly configuredAt: number;
}

/** A guest that has booted. */
export interface GuestReady extends GuestHello {
  /** What the guest did between Hello and Ready, in its own words and by its own clock. */
  readonly stages: readonly GuestStage[];
  /** When Ready arrived, as `performance.now()` of this process. */
  readonly readyAt: number;
}

/** One stage of a guest's boot. */
export interface GuestStage {
  readonly name: string;
  readonly durationMs: number;
}

const MAX_STAGES = 64;

/** The stages of a Ready; names are cut to 64 characters, further stages left out. */
export function readStages(stages: readonly Stage[]): GuestStage[] {
  return stages
    .slice(0, MAX_STAGES)
    .map((stage) => ({ name: guestText(stage.name, 64), durationMs: durationToMs(stage.duration) }));
}
