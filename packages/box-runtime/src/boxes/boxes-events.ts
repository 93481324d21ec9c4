import type { BoxId } from "@a3s/core";
import type { BootTimings } from "@a3s/metrics";
import type { PullEvent } from "@a3s/oci";
import type { RootEvent } from "@a3s/rootfs";
import type { BootStage } from "../boot/boot-stage.ts";
import type { BoxExit } from "./box-life.ts";

/** What this process does with the boxes of a home directory, and sees of them; what other processes do is not told. */
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
  "box.renamed": { readonly id: BoxId; readonly name: string };
  "box.removed": { readonly id: BoxId };
};
