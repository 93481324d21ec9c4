import { type BoxConfig, isNetworkName, type PortConfig } from "@a3s/core";
import type { VmNetwork } from "@a3s/vm";
import { RuntimeError } from "../errors/runtime-error.ts";
import type { BoxSeat } from "../networks/box-seat.ts";

/**
 * The network of a box's VM, with its place where it is on a network of boxes. Pure.
 *
 * libkrun binds a port of the host where the guest's program listens: to that program's address, for TCP alone, and one for each port of
 * the guest (its `try_listen`). So it is the guest that decides who reaches it, and a promise to keep it to an address could not be kept.
 *
 * @throws RuntimeError `NETWORK_UNENFORCEABLE`
 */
export function planNetwork(
  { network, ports }: Pick<BoxConfig, "network" | "ports">,
  seat?: Pick<BoxSeat, "mac" | "socketPath">,
): VmNetwork {
  if (network === "none") return { kind: "none" };
  if (isNetworkName(network)) return planSeat(seat);
  const taken = new Set<number>();
  for (const port of ports) {
    if (port.protocol !== "tcp") {
      throw refusal(
        port,
        "publishes TCP ports only",
        "Publish no UDP port; the guest may send and receive UDP as a client.",
      );
    }
    if (port.hostAddress !== "0.0.0.0") {
      const open = `0.0.0.0:${port.hostPort}:${port.guestPort}`;
      throw refusal(
        port,
        `cannot keep it to ${port.hostAddress}: the port is bound to the address on which the guest listens`,
        `Publish ${open} to allow all addresses, and have the guest's program listen on 127.0.0.1 to be reached from this machine alone.`,
      );
    }
    if (taken.has(port.guestPort)) {
      throw refusal(port, "publishes a port of the guest once", "Publish it under one port of the host.");
    }
    taken.add(port.guestPort);
  }
  return { kind: "tsi", publish: ports.map(({ hostPort, guestPort }) => ({ hostPort, guestPort })) };
}

/** Before there is a place, a box has no network yet. The switch cuts nothing and fills nothing in. */
function planSeat(seat: Pick<BoxSeat, "mac" | "socketPath"> | undefined): VmNetwork {
  if (seat === undefined) return { kind: "none" };
  return { kind: "nic", cards: [{ mac: seat.mac, peer: { socketPath: seat.socketPath } }] };
}

function refusal(port: PortConfig, why: string, hint: string): RuntimeError {
  const { hostPort, guestPort, protocol } = port;
  return new RuntimeError({
    code: "NETWORK_UNENFORCEABLE",
    message: `Port ${hostPort}:${guestPort}/${protocol} cannot be published: the network "tsi" ${why}`,
    hint,
    details: { port },
  });
}
