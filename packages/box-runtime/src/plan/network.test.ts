import { parseBoxConfig } from "@a3s/core";
import { expect, test } from "vitest";
import { planNetwork } from "./network.ts";

const plan = (ports: readonly string[]) =>
  planNetwork(parseBoxConfig({ image: "a", network: "tsi", ports: [...ports] }));

test("a box has no network unless it asks for one", () => {
  expect(planNetwork(parseBoxConfig({ image: "a" }))).toEqual({ kind: "none" });
});

test("ports are published as the network can", () => {
  expect(plan([])).toEqual({ kind: "tsi", publish: [] });
  expect(plan(["0.0.0.0:8080:80", "0.0.0.0:8081:81"])).toEqual({
    kind: "tsi",
    publish: [
      { hostPort: 8080, guestPort: 80 },
      { hostPort: 8081, guestPort: 81 },
    ],
  });
});

test.each<[what: string, ports: string[], message: string]>([
  ["this machine alone", ["8080:80"], "cannot keep it to 127.0.0.1"],
  ["one address", ["192.0.2.1:8080:80"], "cannot keep it to 192.0.2.1"],
  ["UDP", ["0.0.0.0:53:53/udp"], "TCP ports only"],
  ["one port of the guest twice", ["0.0.0.0:8080:80", "0.0.0.0:8081:80"], "once"],
])("a port for %s cannot be, and that is said with what to do", (_, ports, message) => {
  expect(() => plan(ports)).toThrow(
    expect.objectContaining({
      code: "NETWORK_UNENFORCEABLE",
      message: expect.stringContaining(message),
      hint: expect.stringContaining("Publish"),
    }),
  );
});
