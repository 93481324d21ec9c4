import type { BoxConfig } from "@a3s/core";
import type { NetworkPlan } from "../plan/network-plan.ts";
import type { BoxSeat } from "./box-seat.ts";

/**
 * A card at the switch, which neither fills in checksums nor cuts frames, and no gateway: there is nobody beyond. Whoever names servers of its
 * own asks those. Pure.
 */
export function planSeat(
  dns: BoxConfig["dns"],
  { mac, address, prefixLength, socketPath, nameServer }: Omit<BoxSeat, keyof Disposable | "connected">,
): NetworkPlan {
  return {
    vm: { kind: "nic", cards: [{ mac, peer: { socketPath } }] },
    interfaces: [{ mac, address, prefixLength }],
    resolver: dns.servers.length > 0 ? dns : { ...dns, servers: [nameServer] },
  };
}
