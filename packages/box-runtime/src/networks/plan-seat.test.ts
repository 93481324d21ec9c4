import { parseBoxConfig } from "@a3s/core";
import { expect, test } from "vitest";
import { planNetwork } from "../plan/network.ts";

const seat = {
  ...{ address: "10.163.0.2", mac: "02:a3:0a:a3:00:02", prefixLength: 24, nameServer: "10.163.0.1" },
  socketPath: "/home/run/net/12345678/2.sock",
};

test("on a network of boxes, the VM has a card and the guest its address, and asks the switch for names", () => {
  const config = parseBoxConfig({ image: "alpine", network: "apps", dns: { options: ["ndots:0"] } });
  expect(planNetwork(config, { seat })).toEqual({
    vm: { kind: "nic", cards: [{ mac: seat.mac, peer: { socketPath: seat.socketPath } }] },
    interfaces: [{ mac: seat.mac, address: "10.163.0.2", prefixLength: 24 }],
    resolver: { servers: ["10.163.0.1"], search: [], options: ["ndots:0"] },
  });
});

test("a box with name servers of its own asks those", () => {
  const config = parseBoxConfig({ image: "alpine", network: "apps", dns: { servers: ["10.163.0.9"] } });
  expect(planNetwork(config, { seat }).resolver.servers).toEqual(["10.163.0.9"]);
});

test("before it has a place, it has no card", () => {
  const config = parseBoxConfig({ image: "alpine", network: "apps" });
  expect(planNetwork(config)).toMatchObject({ vm: { kind: "none" }, interfaces: [] });
});
