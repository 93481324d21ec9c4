import { EventBus, type HomeLayout, homeLayout } from "@a3s/core";
import type { BoxMetrics } from "@a3s/metrics";
import type { JailMode } from "@a3s/vm";
import { BoxStore } from "../boxes/box-store.ts";
import type { Boxes } from "../boxes/boxes.ts";
import type { BoxesEvents } from "../boxes/boxes-events.ts";
import { HomeBoxes } from "../boxes/home-boxes.ts";
import { reconcile } from "../boxes/reconcile.ts";
import { History } from "../history/history.ts";
import type { HistoryEntry, HistoryOptions } from "../history/read-history.ts";
import type { ImagePullOptions } from "../image/find-image.ts";
import { HomeStores } from "../image/home-stores.ts";
import { HomeNetworks } from "../networks/home-networks.ts";
import type { Networks } from "../networks/networks.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import { Volumes } from "../volumes/volumes.ts";
import { checkMachine, type MachineReport } from "./check-machine.ts";
import { Images } from "./images.ts";

/** Options of {@link createRuntime}. */
export interface RuntimeOptions {
  /** Home directory, absolute; `$A3S_HOME`, else `~/.a3s`, by default. */
  readonly home?: string | undefined;
  /** How images are pulled and pushed, unless a call says otherwise: credentials, mirrors, certificates, signature policy. */
  readonly pull?: Omit<ImagePullOptions, "cacheBytes"> | undefined;
  /** What to do where the system does not allow a measure of the jail that every VM process gets; `required` by default. */
  readonly jail?: JailMode | undefined;
  /** Where the boots of boxes, and what is executed in them, are counted, as far as this runtime does it; nowhere by default. */
  readonly metrics?: BoxMetrics | undefined;
}

/** Everything that one home directory holds. */
export interface Runtime {
  /** Where it keeps its files. */
  readonly home: HomeLayout;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly boxes: Boxes;
  readonly networks: Networks;
  /** The machine: whether it can run guests and have the networks of boxes, and what to do when it cannot. */
  readonly host: { check(options?: { readonly signal?: AbortSignal | undefined }): Promise<MachineReport> };
  /** What this runtime does with its boxes, and sees of them. */
  readonly events: EventBus<BoxesEvents>;
  /**
   * What happened to the boxes of the home, whichever process did it, and with `follow` what happens to them from now on. Some
   * megabytes of it are kept, for as long as the home is.
   *
   * ```ts
   * for await (const entry of runtime.history({ follow: true, signal })) console.log(entry.event);
   * ```
   *
   * @throws RuntimeError `CURSOR_INVALID`, `HISTORY_UNREADABLE`; the signal's reason.
   */
  history(options?: HistoryOptions): AsyncGenerator<HistoryEntry, void, undefined>;
  /**
   * Brings boxes in line with what runs, after whoever was at them was killed or the machine restarted: finishes what was begun or takes it
   * back, and removes what was left behind. Each call on a box does as much for that box; this does it for all.
   */
  open(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * Carries out the restart policies, health checks and lifetimes of all boxes, whoever made them, as long as the answer is not disposed of
   * and the signal does not abort. One process at a time does it for a home directory; without one, they are not in force. `events` tells
   * what it does.
   *
   * @throws RuntimeError `SUPERVISOR_RUNNING`; the signal's reason
   */
  supervise(options?: { readonly signal?: AbortSignal | undefined }): Promise<Supervisor>;
}

/**
 * The images, volumes and boxes of a home directory. It touches nothing until it is asked for something, and holds nothing afterwards: any number
 * of runtimes, in any number of processes, may have the same home.
 *
 * ```ts
 * const runtime = createRuntime();
 * await runtime.images.pull("alpine:3.22");
 * for (const volume of await runtime.volumes.list()) console.log(volume.name, volume.inUse);
 * ```
 *
 * @throws CoreError `CONFIG_INVALID` when the home directory is not an absolute path.
 */
export function createRuntime({ home, pull = {}, jail, metrics }: RuntimeOptions = {}): Runtime {
  const layout = homeLayout(home);
  const events = new EventBus<BoxesEvents>();
  const history = new History(layout);
  const stores = new HomeStores(layout);
  const place = { home: layout, store: new BoxStore(layout), stores, events, history, pull, jail, metrics };
  return {
    ...{ home: layout, events, boxes: new HomeBoxes(place) },
    ...{ images: new Images(layout, pull, stores), volumes: new Volumes(layout.volumes) },
    history: (options) => history.read(options),
    networks: new HomeNetworks(place),
    host: { check: ({ signal } = {}) => checkMachine(layout, signal) },
    open: ({ signal } = {}) => reconcile(place, signal),
    supervise: async (options) => await (await import("../supervisor/supervisor.ts")).superviseBoxes(place, options),
  };
}
