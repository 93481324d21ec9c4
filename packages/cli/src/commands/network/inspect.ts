import { createRuntime } from "@a3s/box-runtime";
import { printJson } from "../../output/print.ts";

/** `a3s-box network inspect` */
export async function inspectNetworks(names: readonly string[]): Promise<void> {
  const { networks } = createRuntime();
  const inspected = [];
  for (const name of names) inspected.push(await networks.get(name));
  printJson("network inspect", inspected);
}
