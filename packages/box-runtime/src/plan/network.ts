import { type BoxConfig, isNetworkKind, type NetworkKind, type PortConfig } from "@a3s/core";
import type { VmNetwork } from "@a3s/vm";
import { RuntimeError } from "../errors/runtime-error.ts";
import { planPasst } from "../network/passt.ts";
import type { BoxSeat } from "../networks/box-seat.ts";
import { planSeat } from "../networks/plan-seat.ts";
import type { NetworkPlan } from "./network-plan.ts";

/** What a network needs of the machine, as far as the box's has it. */
export interface NetworkMeans {
  /** Absolute path of passt. */
  readonly passt?: string | undefined;
  /** The box's place, on a network of boxes. */
  readonly seat?: Omit<BoxSeat, keyof Disposable | "connected"> | undefined;
}

/** The network of a box's VM and of its guest, for ports that it can publish ({@link checkPublished}). Pure. */
export function planNetwork(
  config: Pick<BoxConfig, "network" | "ports" | "dns">,
  { passt, seat }: NetworkMeans = {},
): NetworkPlan {
  const { network, ports, dns } = config;
  if (network === "passt") {
    if (passt === undefined) throw new Error("the network passt is planned without passt");
    return planPasst(config, passt);
  }
  if (seat !== undefined) return planSeat(dns, seat);
  // A box of a network of boxes has none before it has a place there.
  const vm: VmNetwork =
    network === "tsi"
      ? { kind: "tsi", publish: ports.map(({ hostPort, guestPort }) => ({ hostPort, guestPort })) }
      : { kind: "none" };
  return { vm, interfaces: [], resolver: dns };
}

/**
 * Whether the network can publish the ports as they are to be. Pure.
 *
 * @throws RuntimeError `NETWORK_UNENFORCEABLE`
 */
export function checkPublished({ network, ports }: Pick<BoxConfig, "network" | "ports">): void {
  // A network of boxes publishes none, and its configuration has none.
  const faults = isNetworkKind(network) ? FAULTS[network] : [];
  for (const [index, port] of ports.entries()) {
    const before = ports.slice(0, index);
    const fault = faults.find(({ is }) => is(port, before));
    if (fault === undefined) continue;
    const { hostPort, guestPort, protocol } = port;
    throw new RuntimeError({
      code: "NETWORK_UNENFORCEABLE",
      message: `Port ${hostPort}:${guestPort}/${protocol} cannot be published: the network "${network}" ${fault.why(port)}`,
      hint: fault.hint(port),
      details: { port },
    });
  }
}

/** Why a network cannot publish a port, beside those that were looked at before. */
interface PortFault {
  readonly is: (port: PortConfig, before: readonly PortConfig[]) => boolean;
  readonly why: (port: PortConfig) => string;
  readonly hint: (port: PortConfig) => string;
}

const UDP: PortFault = {
  is: ({ protocol }) => protocol !== "tcp",
  why: () => "publishes TCP ports only",
  hint: () => "Publish no UDP port; the guest may send and receive UDP as a client.",
};

/**
 * libkrun binds a port of the host where the guest's program listens: to that program's address, for TCP alone, and one for each port of
 * the guest (its `try_listen`). So it is the guest that decides who reaches it, and a promise to keep it to an address could not be kept.
 */
const TSI: readonly PortFault[] = [
  UDP,
  {
    is: ({ hostAddress }) => hostAddress !== "0.0.0.0",
    why: ({ hostAddress }) =>
      `cannot keep it to ${hostAddress}: the port is bound to the address on which the guest listens`,
    hint: ({ hostPort, guestPort }) =>
      `Publish 0.0.0.0:${hostPort}:${guestPort} to allow all addresses, and have the guest's program listen on 127.0.0.1 to be reached from this machine alone; or take the network "passt".`,
  },
  {
    is: ({ guestPort }, before) => before.some((other) => other.guestPort === guestPort),
    why: () => "publishes a port of the guest once",
    hint: () => "Publish it under one port of the host.",
  },
];

/**
 * passt(1) translates what comes from the host's loopback to come from the gateway, and, for UDP and with `--no-map-gw`, does not find back.
 * It keeps one port of the guest for each number of the host's, whatever the addresses.
 */
const PASST: readonly PortFault[] = [
  UDP,
  {
    is: ({ hostAddress }) => hostAddress.includes(":"),
    why: () => "has IPv4 only",
    hint: ({ hostPort, guestPort }) => `Publish 127.0.0.1:${hostPort}:${guestPort}, or another IPv4 address.`,
  },
  {
    is: (port, before) =>
      before.some(({ hostPort, guestPort }) => hostPort === port.hostPort && guestPort !== port.guestPort),
    why: ({ hostPort }) => `has one port of the guest for port ${hostPort} of the host, on all of its addresses`,
    hint: () => "Publish the other one under another port of the host.",
  },
];

const FAULTS: Readonly<Record<NetworkKind, readonly PortFault[]>> = { none: [], tsi: TSI, passt: PASST };
