import type { BoxConfig } from "@a3s/core";
import { findPasst, PASST_FIX } from "../network/find-passt.ts";

/** A way for guests to reach others. */
export interface NetworkSummary {
  /** What `network` of a configuration takes. */
  readonly name: BoxConfig["network"];
  /** Whether guests reach others. */
  readonly outgoing: boolean;
  /** Whether ports can be published. */
  readonly ports: boolean;
  /** In one sentence. */
  readonly description: string;
  /** Why this machine cannot have it, with what to do about it; undefined where it can. */
  readonly missing?: string | undefined;
}

const NETWORKS: readonly NetworkSummary[] = [
  { name: "none", outgoing: false, ports: false, description: "no card and no sockets of the host" },
  { name: "passt", outgoing: true, ports: true, description: "a network card; passt carries it to the host's network" },
  { name: "tsi", outgoing: true, ports: true, description: "the guest's sockets are opened by the host" },
];

/** The networks that a box can have. They are given: none is made or removed. */
export class Networks {
  async list(): Promise<readonly NetworkSummary[]> {
    const passt = await findPasst();
    return NETWORKS.map((network) =>
      network.name === "passt" && passt === undefined ? { ...network, missing: PASST_FIX } : network,
    );
  }
}
