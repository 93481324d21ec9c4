import type { EventBus, HomeLayout } from "@a3s/core";
import type { BoxMetrics } from "@a3s/metrics";
import type { JailMode } from "@a3s/vm";
import type { History } from "../history/history.ts";
import type { ImagePullOptions } from "../image/find-image.ts";
import type { HomeStores } from "../image/home-stores.ts";
import type { BoxStore } from "./box-store.ts";
import type { BoxesEvents } from "./boxes-events.ts";

/** Where boxes are kept, and how they are made and told of there. */
export interface BoxPlace {
  readonly home: HomeLayout;
  readonly store: BoxStore;
  /** Of images and their roots. */
  readonly stores: HomeStores;
  readonly events: EventBus<BoxesEvents>;
  /** What other processes hear of. */
  readonly history: History;
  readonly pull: ImagePullOptions;
  readonly jail: JailMode | undefined;
  /** Counts what this process starts. */
  readonly metrics: BoxMetrics | undefined;
}
