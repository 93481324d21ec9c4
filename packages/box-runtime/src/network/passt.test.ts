import { parseBoxConfig } from "@a3s/core";
import { expect, test } from "vitest";
import { planPasst } from "./passt.ts";

const plan = (more: object) => planPasst(parseBoxConfig({ image: "a", network: "passt", ...more }), "/usr/bin/passt");
const args = (more: object): string => {
  const { vm } = plan(more);
  const peer = vm.kind === "nic" && vm.cards[0]?.peer;
  return peer && "args" in peer ? peer.args.join(" ") : "";
};

test("passt gives the guest neither an address nor the host's loopback, and what it says is known beforehand", () => {
  expect(args({})).toMatchInlineSnapshot(
    `"--foreground --quiet --fd 3 --ipv4-only --address 10.0.2.2 --netmask 255.255.255.252 --gateway 10.0.2.1 --mac-addr 02:a3:50:00:00:01 --no-map-gw --no-dhcp --no-dhcpv6 --no-ndp --no-ra --dns-forward 10.0.2.1 --tcp-ports none --udp-ports none"`,
  );
});

test("ports are published on the addresses that they name", () => {
  const ports = ["8080:80", "0.0.0.0:8081:81", "192.0.2.1:8080:80"];
  expect(args({ ports })).toContain(
    "--tcp-ports 127.0.0.1/8080:80 --tcp-ports 0.0.0.0/8081:81 --tcp-ports 192.0.2.1/8080:80 --udp-ports none",
  );
});

test("card and interface are each other's, in a network of two", () => {
  const { vm, interfaces } = plan({});
  const [card] = vm.kind === "nic" ? vm.cards : [];
  expect(interfaces).toEqual([
    { mac: card?.mac, address: "10.0.2.2", prefixLength: 30, gateway: "10.0.2.1", mtu: 65_520 },
  ]);
  expect(card).toMatchObject({ offload: true, peer: { address: "10.0.2.2", gateway: "10.0.2.1" } });
});

test("names are asked of passt, unless the box has name servers", () => {
  expect(plan({ dns: { search: ["example"] } }).resolver).toMatchObject({ servers: ["10.0.2.1"], search: ["example"] });
  expect(plan({ dns: { servers: ["192.0.2.53"] } }).resolver).toMatchObject({ servers: ["192.0.2.53"] });
});
