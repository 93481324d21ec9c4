import type { BoxId } from "@a3s/core";
import type { BootTimings } from "@a3s/metrics";
import type { PullEvent } from "@a3s/oci";
import type { RootEvent } from "@a3s/rootfs";
import type { VmExit } from "@a3s/vm";
import type { BootStage } from "./boot/boot-stage.ts";
import type { BoxState } from "./state/box-state.ts";

/** Events of a box, for an `EventBus<BoxEvents>`. Each names the box, so that boxes may share a bus. */
export type BoxEvents = {
  /** Every transition of the state machine. */
  "box.state": { readonly id: BoxId; readonly from: BoxState; readonly to: BoxState };
  /** A stage of the boot begins; see {@link BootStage}. */
  "box.stage": { readonly id: BoxId; readonly stage: BootStage };
  /** What comes in of an image that is not in the store. */
  "box.pull": { readonly id: BoxId; readonly event: PullEvent };
  /** What is applied of an image's layers. */
  "box.root": { readonly id: BoxId; readonly event: RootEvent };
  /** The box is ready. */
  "box.ready": { readonly id: BoxId; readonly timings: BootTimings };
  /** The boot failed; the same error rejects `boot()`. */
  "box.error": { readonly id: BoxId; readonly error: unknown };
  /** The VM is gone and everything is released; `exit` is missing when no VM had started. */
  "box.stopped": { readonly id: BoxId; readonly exit: VmExit | undefined };
};
