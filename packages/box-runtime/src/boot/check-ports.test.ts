import { parseBoxConfig } from "@a3s/core";
import { expect, test } from "vitest";
import { checkPorts } from "./check-ports.ts";

const { ports } = parseBoxConfig({ image: "a", network: "tsi", ports: ["0.0.0.0:1024:80", "0.0.0.0:443:443"] });

test("ports that take privilege are refused, as this system has them", async () => {
  await expect(checkPorts(ports, async () => 1024)).rejects.toMatchObject({
    code: "NETWORK_UNENFORCEABLE",
    message: expect.stringContaining("Port 443"),
    hint: expect.stringContaining("1024"),
  });
  await checkPorts(ports, async () => 80);
});

test("a system says from where on ports are for all", async () => {
  await checkPorts(ports.map((port) => ({ ...port, hostPort: 65535 })));
});
