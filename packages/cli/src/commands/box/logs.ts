import { createRuntime, type VmLogEntry, type VmLogOptions } from "@a3s/box-runtime";
import { parseInstant } from "../../options/instant.ts";
import { LogLines } from "../../output/log-lines.ts";
import { printJsonLine } from "../../output/print.ts";
import { writeFully } from "../../output/write-fully.ts";
import { untilInterrupted } from "../interruption.ts";
import { untilTime } from "../until-time.ts";

/** Options of `a3s-box logs`, as the command line gives them. */
export interface LogsOptions {
  readonly after?: string;
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly since?: string;
  readonly tail?: number | "all";
  readonly timestamps?: boolean;
  readonly until?: string;
}

/** `a3s-box logs`: 0, or what tells of the signal that ended it. */
export async function printLogs(name: string, options: LogsOptions): Promise<number> {
  const { follow, json = false, timestamps = false } = options;
  const nowMs = Date.now();
  const since = options.since === undefined ? undefined : parseInstant(options.since, nowMs);
  const until = options.until === undefined ? undefined : parseInstant(options.until, nowMs);
  const tail = options.tail === "all" ? undefined : options.tail;
  const lines = new LogLines({ timestamps });
  return await untilInterrupted(async (signal) => {
    await using box = await createRuntime().boxes.get(name, { signal });
    const print = async (entry: VmLogEntry) => {
      if (json) {
        const { bytes: _, cursor = "", ...printed } = { bytes: undefined, ...entry };
        return await printJsonLine("logs", { cursor, ...printed });
      }
      const text = lines.next(entry);
      if (text !== undefined) await writeFully(process[text.to], text.data);
    };
    // As docker has it: the kernel's lines are not the main process's, and do not count as such.
    const streams = json ? undefined : (["stdout", "stderr"] as const);
    const last = until?.toISOString();
    const read = async (reading: VmLogOptions) => {
      for await (const entry of box.logs({ since, tail, streams, after: options.after, cursors: json, ...reading })) {
        if (last !== undefined && entry.time > last) return;
        await print(entry);
      }
    };
    if (follow && (until === undefined || until.getTime() > nowMs)) {
      await untilTime(until, signal, (ending) => read({ follow: true, signal: ending }));
    } else await read({ signal });
  });
}
