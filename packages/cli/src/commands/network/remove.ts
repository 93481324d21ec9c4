import { createRuntime } from "@a3s/box-runtime";
import { eachNamed } from "../each-named.ts";

/** `a3s-box network rm`: prints each name that is gone. */
export async function removeNetworks(names: readonly string[]): Promise<void> {
  const { networks } = createRuntime();
  await eachNamed(names, (name) => networks.remove(name));
}
