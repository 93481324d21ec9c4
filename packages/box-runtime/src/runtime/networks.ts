import type { BoxConfig } from "@a3s/core";

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
}

const NETWORKS: readonly NetworkSummary[] = [
  { name: "none", outgoing: false, ports: false, description: "no card and no sockets of the host" },
  { name: "tsi", outgoing: true, ports: true, description: "the guest's sockets are opened by the host" },
];

/** The networks that a box can have. They are given: none is made or removed. */
export class Networks {
  async list(): Promise<readonly NetworkSummary[]> {
    return NETWORKS;
  }
}
