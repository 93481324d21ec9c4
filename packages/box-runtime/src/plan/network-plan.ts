import type { GuestInterface, GuestResolver } from "@a3s/agent-client";
import type { VmNetwork } from "@a3s/vm";

/** What a box's network comes down to. */
export interface NetworkPlan {
  readonly vm: VmNetwork;
  /** The addresses of the VM's network cards. */
  readonly interfaces: readonly GuestInterface[];
  readonly resolver: GuestResolver;
}
