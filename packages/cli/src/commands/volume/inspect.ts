import { createRuntime } from "@a3s/box-runtime";
import { printJson } from "../../output/print.ts";

/** `a3s-box volume inspect` */
export async function inspectVolumes(names: readonly string[]): Promise<void> {
  const { volumes } = createRuntime();
  const inspected = [];
  for (const name of names) inspected.push({ ...(await volumes.get(name)), ...(await volumes.measure(name)) });
  printJson("volume inspect", inspected);
}
