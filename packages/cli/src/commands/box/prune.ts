import { createRuntime } from "@a3s/box-runtime";
import { parseFilters } from "../../options/filters.ts";
import { printJson, printLines } from "../../output/print.ts";
import { interruptible } from "../interruption.ts";

/** Options of `a3s-box box prune`, as the command line gives them. */
export interface BoxPruneOptions {
  readonly filter: readonly string[];
  readonly json?: boolean;
}

/** `a3s-box box prune`: prints each ID that is gone. */
export async function pruneBoxes({ filter, json }: BoxPruneOptions): Promise<void> {
  const { passes } = parseFilters(filter);
  const boxes = await interruptible((signal) => createRuntime().boxes.prune({ filter: passes, signal }));
  if (json) printJson("box prune", { boxes });
  else printLines(boxes);
}
