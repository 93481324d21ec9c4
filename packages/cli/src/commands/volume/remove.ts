import { createRuntime } from "@a3s/box-runtime";
import { printLines } from "../../output/print.ts";

/** `a3s-box volume rm`: prints each name that is gone; stops at the first that cannot be removed. */
export async function removeVolumes(names: readonly string[]): Promise<void> {
  const { volumes } = createRuntime();
  for (const name of names) {
    await volumes.remove(name);
    printLines([name]);
  }
}
