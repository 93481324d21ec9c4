import { expect, test } from "vitest";
import { type GuestInterface, interfaceFaults } from "./guest-interface.ts";

const eth0: GuestInterface = {
  mac: "02:00:00:00:00:01",
  address: "192.0.2.2",
  prefixLength: 24,
  gateway: "192.0.2.1",
  mtu: 65_520,
};
const eth1: GuestInterface = { mac: "02:00:00:00:00:02", address: "10.0.0.2", prefixLength: 8 };

test("an address, its network and its gateway are right", () => {
  expect(interfaceFaults([])).toEqual([]);
  expect(interfaceFaults([eth0, eth1])).toEqual([]);
});

test.each<[what: string, field: string, interfaces: readonly GuestInterface[]]>([
  ["no address of a card", "interfaces.0.mac", [{ ...eth0, mac: "02:00" }]],
  ["IPv6", "interfaces.0.address", [{ ...eth0, address: "2001:db8::2" }]],
  ["a prefix in the address", "interfaces.0.address", [{ ...eth0, address: "192.0.2.2/24" }]],
  ["a network of one host", "interfaces.1.prefixLength", [eth0, { ...eth1, prefixLength: 31 }]],
  ["half a bit", "interfaces.0.prefixLength", [{ ...eth0, prefixLength: 7.5 }]],
  ["a gateway elsewhere", "interfaces.0.gateway", [{ ...eth0, gateway: "192.0.3.1" }]],
  ["itself as the gateway", "interfaces.0.gateway", [{ ...eth0, gateway: "192.0.2.2" }]],
  ["no packet", "interfaces.0.mtu", [{ ...eth0, mtu: 67 }]],
  ["a card twice", "interfaces:", [eth0, { ...eth1, mac: eth0.mac }]],
  ["two gateways", "interfaces:", [eth0, { ...eth1, gateway: "10.0.0.1" }]],
  ["nine cards", "interfaces:", Array.from({ length: 9 }, (_, at) => ({ ...eth1, mac: `02:00:00:00:00:0${at}` }))],
])("%s is named", (_, field, interfaces) => {
  expect(interfaceFaults(interfaces)).toEqual([expect.stringContaining(field)]);
});
