import * as v from "valibot";
import { MAX_CARDS, type VmCard, vmCard } from "./card.ts";

/**
 * What the guest reaches. Without `tsi` there is no way of its sockets to the host, and the VM process itself has an empty network namespace.
 */
export type VmNetwork =
  /** No network card. */
  | { readonly kind: "none" }
  /**
   * The guest's TCP and UDP sockets become sockets of the host, **its loopback services included, and so do all of its TCP listeners**, on the
   * addresses that the guest chooses: `publish` gives some of them another port of the host, and libkrun leaves the others theirs. Ports below `net.ipv4.ip_unprivileged_port_start` (1024) cannot be had, by root neither: the VM process has no
   * privilege on the host.
   */
  | {
      readonly kind: "tsi";
      /** At most 64 TCP ports; within the guest, too, the listener is reached under the host's port. */
      readonly publish: readonly { readonly hostPort: number; readonly guestPort: number }[];
    }
  /** Network cards, `eth0` and so on in this order: 1 to 8, as far as there is room for devices. */
  | { readonly kind: "nic"; readonly cards: readonly VmCard[] };

const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535));

/** The cards of a network. Pure. */
export function cardsOf(network: VmNetwork): readonly VmCard[] {
  return network.kind === "nic" ? network.cards : [];
}

export const vmNetwork = v.variant("kind", [
  v.strictObject({ kind: v.literal("none") }),
  v.strictObject({
    kind: v.literal("tsi"),
    publish: v.pipe(v.array(v.strictObject({ hostPort: port, guestPort: port })), v.maxLength(64)),
  }),
  v.strictObject({
    kind: v.literal("nic"),
    cards: v.pipe(v.array(vmCard), v.minLength(1), v.maxLength(MAX_CARDS)),
  }),
]);
