import type { BoxConfig, BoxId, Digest } from "@a3s/core";
import type { JailMeasure } from "@a3s/vm";
import type { BoxHealth, BoxHealthStatus } from "../supervisor/health-state.ts";
import type { BoxExit, BoxLife } from "./box-life.ts";
import type { DiskUse } from "./disk-use.ts";

/** A line of a list of boxes. Plain data. */
export interface BoxSummary {
  readonly id: BoxId;
  /** Unique; the id of a damaged box. */
  readonly name: string;
  readonly state: BoxLife;
  /** Reference of the image as the box was created with it; empty for a damaged box. */
  readonly image: string;
  /** Words of the main process, entrypoint included; empty without one. */
  readonly command: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Published ports, as `HOST_ADDRESS:HOST_PORT:GUEST_PORT/PROTOCOL`. */
  readonly ports: readonly string[];
  /** ISO 8601; undefined for a damaged box. */
  readonly createdAt?: string | undefined;
  /** When it was last started; ISO 8601. */
  readonly startedAt?: string | undefined;
  /** How its last run ended; undefined while it runs, and when it never did. */
  readonly exit?: BoxExit | undefined;
  /** While it runs, if its health is found out and somebody supervises it: what its checks say. */
  readonly health?: BoxHealthStatus | undefined;
  /** When its restart policy starts it again; ISO 8601. While somebody supervises it. */
  readonly nextStartAt?: string | undefined;
  /** What is wrong with the record of a damaged box. */
  readonly damage?: string | undefined;
}

/** The main process of a box, beside what its configuration says of it. */
export interface BoxMain {
  /** It runs on a terminal. */
  readonly tty: boolean;
  /** Whoever attaches can write its stdin; otherwise it is /dev/null, or a terminal that nobody types on. */
  readonly stdin: boolean;
}

/** All that is known of a box. Plain data; paths are absolute and of the host. */
export interface BoxInspection extends BoxSummary {
  readonly config: BoxConfig;
  /** Null: it has none, and runs until it is stopped. */
  readonly main: BoxMain | null;
  readonly autoRemove: boolean;
  /** Of the platform's image manifest. */
  readonly imageDigest: Digest;
  /** Of the root directory, which stays as long as the box does. */
  readonly chainId: Digest;
  /** Counts the changes of its record, from 1. */
  readonly generation: number;
  /** How often a restart policy has started it again. */
  readonly restarts: number;
  /** Whether somebody supervises it now: whether its restart policy, its health check and its lifetime are in force. */
  readonly supervised: boolean;
  /** While it runs, if its health is found out and somebody supervises it. */
  readonly healthChecks?: BoxHealth | undefined;
  /** Process ID of the VM host, while it runs. */
  readonly pid?: number | undefined;
  /** The measures of the jail that are in force, while it runs. */
  readonly jail?: readonly JailMeasure[] | undefined;
  readonly directory: string;
  /** On its network of boxes, its own until it is removed. */
  readonly address?: string | undefined;
  /** Named volumes of the box. */
  readonly volumes: readonly string[];
}

/** What has gone between a box and the world since it started. */
export interface NetworkUse {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** What a box uses; all but `disk` are numbers of the guest's own kernel, which a guest can make up. */
export interface BoxStats {
  /** ISO 8601 */
  readonly time: string;
  /** Since the guest's kernel started, in milliseconds. */
  readonly uptimeMs: number;
  readonly cpu: {
    readonly count: number;
    /** Of one CPU, since the reading before; up to 100 times `count`. 0 in the first. */
    readonly percent: number;
    /** Time that all CPUs were at work, in milliseconds. */
    readonly busyMs: number;
  };
  readonly memory: { readonly totalBytes: number; readonly usedBytes: number };
  /** Averages over 1, 5 and 15 minutes of the tasks that run or wait for a disk. */
  readonly load: readonly [number, number, number];
  readonly taskCount: number;
  /** What it has had of the host's disks since it started; missing where the host does not tell. */
  readonly disk?: DiskUse | undefined;
  /** Missing where nobody counts it, as with the network `tsi`: see {@link networkUse}. */
  readonly network?: NetworkUse | undefined;
}
