import { createRuntime } from "@a3s/box-runtime";
import { printLines } from "../../output/print.ts";

/** `a3s-box volume prune --force`: prints each name that is gone. */
export async function pruneVolumes(): Promise<void> {
  printLines(await createRuntime().volumes.prune());
}
