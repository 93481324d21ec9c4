import { createRuntime } from "@a3s/box-runtime";
import { eachNamed } from "../each-named.ts";

/** `a3s-box volume rm`: prints each name that is gone. */
export async function removeVolumes(names: readonly string[]): Promise<void> {
  const { volumes } = createRuntime();
  await eachNamed(names, (name) => volumes.remove(name));
}
