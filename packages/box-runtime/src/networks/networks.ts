import type { BoxId, NetworkKind } from "@a3s/core";
import type { SwitchReading } from "@a3s/vm";

/** A way for guests to reach others: a kind, which is given, or a network of boxes that somebody has made. Plain data. */
export interface NetworkSummary {
  /** What `network` of a configuration takes. */
  readonly name: string;
  /** `named`: a network of boxes. */
  readonly kind: NetworkKind | "named";
  /** Whether guests reach others than the boxes of their network. */
  readonly outgoing: boolean;
  /** Whether ports can be published. */
  readonly ports: boolean;
  /** In one sentence. */
  readonly description: string;
  /** Why this machine cannot have it, with what to do about it; undefined where it can. */
  readonly missing?: string | undefined;
  /** Of a network of boxes, unless its record is damaged, such as "10.163.0.0/24". */
  readonly subnet?: string | undefined;
  /** Of a network of boxes: whether boxes are on it, running or not. */
  readonly inUse?: boolean | undefined;
}

/** A network of boxes. Plain data. */
export interface Network {
  readonly name: string;
  /** ISO 8601; missing, like the next two, when the record is damaged. */
  readonly createdAt?: string | undefined;
  /** Its addresses. */
  readonly subnet?: string | undefined;
  /** Who answers for the names of members. It leads nowhere. */
  readonly gateway?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether boxes are on it, running or not. */
  readonly inUse: boolean;
  /** Its boxes, by address; none when the record is damaged. */
  readonly members: readonly NetworkMember[];
  /** What is wrong with its record. */
  readonly damage?: string | undefined;
}

/** A box on a network, running or not. */
export interface NetworkMember {
  readonly box: BoxId;
  /** By which others find it, beside its id; missing for a box that ends with its process. */
  readonly name?: string | undefined;
  /** Its own until it is removed. */
  readonly address: string;
  readonly mac: string;
  /** What has gone through its port at the switch since it connected; missing while it is not connected. */
  readonly traffic?: NetworkTraffic | undefined;
  /** Its box runs, and is not connected: the switch has ended under it. It is connected again from its next start on. */
  readonly offline?: true | undefined;
}

/** See {@link NetworkMember.traffic}. */
export type NetworkTraffic = Omit<SwitchReading, "address" | "connected">;

/** Options of every call. */
export interface NetworkCall {
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Networks.create}. */
export interface NetworkCreateOptions extends NetworkCall {
  /** /24 to /29 of private IPv4 addresses; the first free /24 of 10.163.0.0/16 by default. */
  readonly subnet?: string | undefined;
  /** At most 64 names and values, kept and shown. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/**
 * The networks that boxes can be on. Boxes of one network of boxes reach each other, by address and by name, over IPv4; they reach neither
 * boxes of other networks nor the host nor anybody else, and are reached by nobody else.
 *
 * ```ts
 * await runtime.networks.create("apps");
 * await runtime.boxes.run({ image: "postgres", network: "apps" }, { name: "db" });
 * await runtime.boxes.run({ image: "my-app", network: "apps", env: { DATABASE: "db" } });
 * ```
 */
export interface Networks {
  /** Makes a network of boxes. @throws RuntimeError `NETWORK_INVALID`, `NETWORK_EXISTS`, `NETWORK_OVERLAPS`, `NETWORK_FULL` */
  create(name: string, options?: NetworkCreateOptions): Promise<Network>;
  /** All that is known of a network of boxes. @throws RuntimeError `NETWORK_INVALID`, `NETWORK_NOT_FOUND` */
  get(name: string, call?: NetworkCall): Promise<Network>;
  /** The kinds, and the networks of boxes by name. */
  list(call?: NetworkCall): Promise<readonly NetworkSummary[]>;
  /** Removes a network that no box is on. @throws RuntimeError `NETWORK_INVALID`, `NETWORK_NOT_FOUND`, `NETWORK_IN_USE` */
  remove(name: string, call?: NetworkCall): Promise<void>;
  /** Removes every network of boxes that no box is on. @returns their names. */
  prune(call?: NetworkCall): Promise<readonly string[]>;
}
