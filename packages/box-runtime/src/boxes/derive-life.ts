import type { BoxIntent, BoxLife } from "./box-life.ts";

/** What is found of a box. */
export interface BoxFindings {
  readonly intent: BoxIntent;
  /** Its VM is there. */
  readonly alive: boolean;
  /** Somebody holds its lock, and so is at it. */
  readonly busy: boolean;
}

/**
 * What its record needs, from whoever gets its lock.
 *
 * - `settle`: its run is over, which has to be written down
 * - `finish-start`: whoever started it is gone; its guest may be ready or wait for its configuration for ever
 * - `finish-stop`, `finish-remove`: whoever began it is gone
 */
export type BoxMend = "settle" | "finish-start" | "finish-stop" | "finish-remove";

/** See {@link deriveLife}. */
export interface DerivedLife {
  readonly life: BoxLife;
  readonly mend?: BoxMend;
}

/** Whether a box with this intent may have a VM. */
export function mayRun(intent: BoxIntent): boolean {
  return intent === "starting" || intent === "running" || intent === "stopping" || intent === "removing";
}

/** Whether somebody has to be at a box with this intent, or else something is left to be done. */
export function isPassing(intent: BoxIntent): boolean {
  return intent === "starting" || intent === "stopping" || intent === "removing";
}

/** What a box does, and what is to be done about it. Pure. */
export function deriveLife({ intent, alive, busy }: BoxFindings): DerivedLife {
  switch (intent) {
    case "created":
    case "stopped":
      return { life: intent };
    case "running":
      return alive ? { life: "running" } : { life: "stopped", mend: "settle" };
    case "starting":
      if (busy) return { life: "starting" };
      return alive ? { life: "starting", mend: "finish-start" } : { life: "stopped", mend: "settle" };
    case "stopping":
      if (busy) return { life: "stopping" };
      return alive ? { life: "stopping", mend: "finish-stop" } : { life: "stopped", mend: "settle" };
    case "removing":
      return busy ? { life: "removing" } : { life: "removing", mend: "finish-remove" };
  }
}
