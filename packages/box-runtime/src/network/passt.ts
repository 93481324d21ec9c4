import type { BoxConfig } from "@a3s/core";
import type { NetworkPlan } from "../plan/network-plan.ts";

/**
 * The network that each guest with passt has to itself: two hosts. It is as small as that because what lies in it hides from the guest what
 * the host's own network may have there.
 */
const PASST_NETWORK = {
  guest: "10.0.2.2",
  /** Passt's own. DNS queries to it go to the first name server of the host. */
  gateway: "10.0.2.1",
  prefixLength: 30,
} as const;

const NETMASK = "255.255.255.252";
/** Locally administered (IEEE 802), and the same for all: no two cards are in one network. */
const GUEST_MAC = "02:a3:50:00:00:02";
const GATEWAY_MAC = "02:a3:50:00:00:01";
/** The largest that passt takes: it cuts packets for the host's network itself. */
const MTU = 65_520;

/** Where a program of a VM has its end of a network card: native/vm-host/PROTOCOL.md, "Peers". */
const FRAMES_DESCRIPTOR = "3";

/** A card whose other end is passt. Pure. @param program its absolute path */
export function planPasst({ ports, dns }: Pick<BoxConfig, "ports" | "dns">, program: string): NetworkPlan {
  const { guest: address, gateway, prefixLength } = PASST_NETWORK;
  const peer = { program, args: passtArguments(ports), address, gateway };
  return {
    vm: { kind: "nic", cards: [{ mac: GUEST_MAC, peer, offload: true }] },
    interfaces: [{ mac: GUEST_MAC, address, prefixLength, gateway, mtu: MTU }],
    resolver: { ...dns, servers: dns.servers.length > 0 ? dns.servers : [gateway] },
  };
}

/** What passt(1) is told. The guest has its address from its agent, so that passt need not hand out any. */
function passtArguments(ports: BoxConfig["ports"]): readonly string[] {
  const { guest, gateway } = PASST_NETWORK;
  const published = ports.map(({ hostAddress, hostPort, guestPort }) => `${hostAddress}/${hostPort}:${guestPort}`);
  return [
    ...["--foreground", "--quiet", "--fd", FRAMES_DESCRIPTOR],
    ...["--ipv4-only", "--address", guest, "--netmask", NETMASK, "--gateway", gateway, "--mac-addr", GATEWAY_MAC],
    // Otherwise the gateway would be the host's loopback.
    "--no-map-gw",
    ...["--no-dhcp", "--no-dhcpv6", "--no-ndp", "--no-ra"],
    ...["--dns-forward", gateway],
    ...(published.length === 0 ? ["none"] : published).flatMap((port) => ["--tcp-ports", port]),
    ...["--udp-ports", "none"],
  ];
}
