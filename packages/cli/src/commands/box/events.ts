import { createRuntime } from "@a3s/box-runtime";
import { parseEventFilters } from "../../options/event-filters.ts";
import { parseInstant } from "../../options/instant.ts";
import { formatEventLine } from "../../output/event-line.ts";
import { printJsonLine } from "../../output/print.ts";
import { writeFully } from "../../output/write-fully.ts";
import { untilInterrupted } from "../interruption.ts";

/** Options of `a3s-box events`, as the command line gives them. */
export interface EventsOptions {
  readonly after?: string;
  readonly filter: readonly string[];
  readonly json?: boolean;
  readonly since?: string;
  readonly until?: string;
}

/** `a3s-box events`: 0, or what tells of the signal that ended it. */
export async function printEvents(options: EventsOptions): Promise<number> {
  const passes = parseEventFilters(options.filter);
  const nowMs = Date.now();
  const since = options.since === undefined ? undefined : parseInstant(options.since, nowMs);
  const until = options.until === undefined ? undefined : parseInstant(options.until, nowMs);
  return await untilInterrupted(async (signal) => {
    // As docker has it: what has happened, when a time in the past is given, and what happens, unless it is to end in the past.
    const follow = until === undefined || until.getTime() > nowMs;
    for await (const entry of createRuntime().history({ follow, since, until, after: options.after, signal })) {
      if ("id" in entry && !passes(entry)) continue;
      if (options.json) await printJsonLine("events", entry);
      else if ("id" in entry) await writeFully(process.stdout, Buffer.from(formatEventLine(entry)));
      else await writeFully(process.stderr, Buffer.from(`a3s-box: ${entry.reason}\n`));
    }
  });
}
