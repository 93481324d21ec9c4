import { createRuntime } from "@a3s/box-runtime";
import { printLines } from "../../output/print.ts";

/** `a3s-box network prune --force`: prints each name that is gone. */
export async function pruneNetworks(): Promise<void> {
  printLines(await createRuntime().networks.prune());
}
