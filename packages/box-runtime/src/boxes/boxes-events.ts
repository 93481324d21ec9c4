import type { BoxId } from "@a3s/core";
import type { BootTimings } from "@a3s/metrics";
import type { PullEvent } from "@a3s/oci";
import type { RootEvent } from "@a3s/rootfs";
import type { BootStage } from "../boot/boot-stage.ts";
import type { BoxHealth } from "../supervisor/health-state.ts";
import type { RestReason } from "../supervisor/restart-decision.ts";
import type { BoxExit } from "./box-life.ts";

/** What this process does with the boxes of a home directory, and sees of them; the history of the home tells of every process. */
export type BoxesEvents = {
  /** What comes in of an image that is not in the store. */
  "box.pull": { readonly id: BoxId; readonly event: PullEvent };
  /** What is applied of an image's layers. */
  "box.root": { readonly id: BoxId; readonly event: RootEvent };
  "box.created": { readonly id: BoxId; readonly name: string };
  /** A stage of its boot begins; see {@link BootStage}. */
  "box.stage": { readonly id: BoxId; readonly stage: BootStage };
  /** Its agent serves. */
  "box.started": { readonly id: BoxId; readonly timings: BootTimings };
  /** Its start failed; the same error rejects `start()`. */
  "box.error": { readonly id: BoxId; readonly error: unknown };
  /** Its VM has ended. */
  "box.stopped": { readonly id: BoxId; readonly exit: BoxExit };
  /** A supervisor looks after it now, because it runs or its policy wants it to. */
  "box.supervised": { readonly id: BoxId };
  /** Its health is another one now. */
  "box.health": { readonly id: BoxId; readonly health: BoxHealth };
  /**
   * It runs, and is on its network of boxes no more: the network's switch has ended, which only a fault does. A card is not connected
   * again, so that it is on the network from its next start on.
   */
  "box.offline": { readonly id: BoxId };
  /** It has lived as long as it may, and is stopped. */
  "box.expired": { readonly id: BoxId };
  /** Its policy starts it again in `delayMs`; `restart` counts from 1. */
  "box.restarting": { readonly id: BoxId; readonly delayMs: number; readonly restart: number };
  /** Its run is over and its policy does not start it again. */
  "box.resting": { readonly id: BoxId; readonly why: RestReason };
  /** A supervisor cannot do for it what it should, and tries again when the box changes. */
  "box.unsupervised": { readonly id: BoxId; readonly error: unknown };
  "box.renamed": { readonly id: BoxId; readonly name: string };
  "box.removed": { readonly id: BoxId };
};
