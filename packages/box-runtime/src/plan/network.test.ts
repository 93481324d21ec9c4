import { type BoxConfig, parseBoxConfig } from "@a3s/core";
import { expect, test } from "vitest";
import { checkPublished, planNetwork } from "./network.ts";

const publishing = (ports: readonly string[], network: BoxConfig["network"]) =>
  parseBoxConfig({ image: "a", network, ports: [...ports] });

test("a box has no network unless it asks for one", () => {
  expect(planNetwork(parseBoxConfig({ image: "a", dns: { servers: ["192.0.2.1"] } }))).toEqual({
    vm: { kind: "none" },
    interfaces: [],
    resolver: { servers: ["192.0.2.1"], search: [], options: [] },
  });
});

test("ports are published as the network can", () => {
  const plan = (...ports: readonly string[]) => planNetwork(publishing(ports, "tsi")).vm;
  expect(plan()).toEqual({ kind: "tsi", publish: [] });
  expect(plan("0.0.0.0:8080:80", "0.0.0.0:8081:81")).toEqual({
    kind: "tsi",
    publish: [
      { hostPort: 8080, guestPort: 80 },
      { hostPort: 8081, guestPort: 81 },
    ],
  });
});

test.each<[what: string, network: BoxConfig["network"], ports: string[], message: string]>([
  ["this machine alone", "tsi", ["8080:80"], "cannot keep it to 127.0.0.1"],
  ["one address", "tsi", ["192.0.2.1:8080:80"], "cannot keep it to 192.0.2.1"],
  ["UDP", "tsi", ["0.0.0.0:53:53/udp"], "TCP ports only"],
  ["one port of the guest twice", "tsi", ["0.0.0.0:8080:80", "0.0.0.0:8081:80"], "once"],
  ["UDP", "passt", ["5353:53/udp"], "TCP ports only"],
  ["IPv6", "passt", ["[::1]:8080:80"], "IPv4 only"],
  ["each address another", "passt", ["8080:80", "192.0.2.1:8080:81"], "on all of its addresses"],
])("a port for %s cannot be with %s, and that is said with what to do", (_, network, ports, message) => {
  expect(() => checkPublished(publishing(ports, network))).toThrow(
    expect.objectContaining({
      code: "NETWORK_UNENFORCEABLE",
      message: expect.stringContaining(message),
      hint: expect.stringContaining("Publish"),
    }),
  );
});
