import { readFile } from "node:fs/promises";
import type { PortConfig } from "@a3s/core";
import { RuntimeError } from "../errors/runtime-error.ts";

/** ip-sysctl.rst: the lowest port that a process without privilege may have. */
const LOWEST = "/proc/sys/net/ipv4/ip_unprivileged_port_start";

/**
 * A VM process has no privilege on the host, whoever started it.
 *
 * @throws RuntimeError `NETWORK_UNENFORCEABLE` when a port of the host is one of those that take some.
 */
export async function checkPorts(ports: readonly PortConfig[], lowest = readLowest): Promise<void> {
  if (ports.length === 0) return;
  const least = await lowest();
  const port = ports.find(({ hostPort }) => hostPort < least);
  if (port === undefined) return;
  throw new RuntimeError({
    code: "NETWORK_UNENFORCEABLE",
    message: `Port ${port.hostPort} of the host cannot be published: VMs have no privilege, and ports below ${least} take one`,
    hint: `Publish a port from ${least} up, or lower net.ipv4.ip_unprivileged_port_start.`,
    details: { port },
  });
}

async function readLowest(): Promise<number> {
  return Number(await readFile(LOWEST, "utf8"));
}
