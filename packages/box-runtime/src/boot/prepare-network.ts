import type { BoxConfig } from "@a3s/core";
import { requirePasst } from "../network/find-passt.ts";
import { checkPublished, type NetworkMeans } from "../plan/network.ts";
import { checkPorts } from "./check-ports.ts";

/**
 * What the network of a box that is about to start needs of this machine, which can hold it to what it promises.
 *
 * @throws RuntimeError `NETWORK_UNENFORCEABLE`
 */
export async function prepareNetwork(config: BoxConfig): Promise<NetworkMeans> {
  checkPublished(config);
  await checkPorts(config.ports);
  return config.network === "passt" ? { passt: await requirePasst() } : {};
}
