import { createRuntime } from "@a3s/box-runtime";
import { parseFilters } from "../../options/filters.ts";
import { formatBoxes } from "../../output/box-table.ts";
import { printJson, printLines } from "../../output/print.ts";

/** Options of `a3s-box ps`, as the command line gives them. */
export interface ListOptions {
  readonly all?: boolean;
  readonly filter: readonly string[];
  readonly json?: boolean;
  readonly last?: number;
  readonly latest?: boolean;
  readonly quiet?: boolean;
  readonly trunc: boolean;
}

/** `a3s-box ps` */
export async function listBoxes(options: ListOptions): Promise<void> {
  const filters = parseFilters(options.filter);
  const last = options.latest ? 1 : options.last;
  const all = options.all === true || filters.all || last !== undefined;
  const found = (await createRuntime().boxes.list({ all })).filter(filters.passes).slice(0, last);
  if (options.json) return printJson("ps", found);
  if (options.quiet) return printLines(found.map(({ id }) => id));
  process.stdout.write(formatBoxes(found, { nowMs: Date.now(), whole: !options.trunc }));
}
