import { createRuntime } from "@a3s/box-runtime";
import { parseLabels } from "../../options/labels.ts";
import { printLines } from "../../output/print.ts";

/** `a3s-box volume create`: prints its name. */
export async function createVolume(name: string, options: { readonly label: readonly string[] }): Promise<void> {
  printLines([(await createRuntime().volumes.create(name, { labels: parseLabels(options.label) })).name]);
}
