import type { BoxConfig } from "@a3s/core";
import { requirePasst } from "../network/find-passt.ts";
import { checkPublished, type NetworkPlan, planNetwork } from "../plan/network.ts";
import { checkPorts } from "./check-ports.ts";

/**
 * The network of a box that is about to start, when this machine can hold it to what it promises.
 *
 * @throws RuntimeError `NETWORK_UNENFORCEABLE`
 */
export async function prepareNetwork(config: BoxConfig): Promise<NetworkPlan> {
  checkPublished(config);
  await checkPorts(config.ports);
  return planNetwork(config, { passt: config.network === "passt" ? await requirePasst() : undefined });
}
