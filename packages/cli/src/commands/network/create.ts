import { createRuntime } from "@a3s/box-runtime";
import { parseLabels } from "../../options/labels.ts";
import { printLines } from "../../output/print.ts";

/** `a3s-box network create`: prints its name. */
export async function createNetwork(
  name: string,
  { subnet, label }: { readonly subnet?: string; readonly label: readonly string[] },
): Promise<void> {
  const network = await createRuntime().networks.create(name, { subnet, labels: parseLabels(label) });
  printLines([network.name]);
}
