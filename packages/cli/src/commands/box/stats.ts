import { type Box, createRuntime } from "@a3s/box-runtime";
import { createLogUpdate } from "log-update";
import { AlreadyReported, reportError } from "../../output/error-report.ts";
import { printJson, printJsonLine } from "../../output/print.ts";
import { type BoxReading, formatStats, type RestingBox } from "../../output/stats-table.ts";
import { writeFully } from "../../output/write-fully.ts";
import { untilInterrupted } from "../interruption.ts";
import { rounds } from "./rounds.ts";

/** Options of `a3s-box stats`, as the command line gives them. */
export interface StatsOptions {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly stream: boolean;
}

/** `a3s-box stats`: 0, or what tells of the signal that ended it. */
export async function showStats(names: readonly string[], options: StatsOptions): Promise<number> {
  const { boxes } = createRuntime();
  return await untilInterrupted(async (signal) => {
    const wanted =
      names.length > 0 ? names : (await boxes.list({ all: options.all ?? false, signal })).map(({ id }) => id);
    await using held = new AsyncDisposableStack();
    const sources: AsyncIterable<BoxReading>[] = [];
    const resting: RestingBox[] = [];
    for (const name of wanted) {
      const box = held.use(await boxes.get(name, { signal }));
      if (box.state === "running") sources.push(readings(box, signal));
      else resting.push({ id: box.id, name: box.name });
    }
    let failed = false;
    const read = rounds(sources, (error) => {
      signal.throwIfAborted();
      failed = true;
      process.stderr.write(reportError(error));
    });
    if (options.stream && sources.length > 0) await showAll(read, resting, options);
    else await showOnce(read, resting, options);
    if (failed) throw new AlreadyReported();
  });
}

async function* readings(box: Box, signal: AbortSignal): AsyncGenerator<BoxReading, void, undefined> {
  for await (const reading of box.stats({ signal })) yield { id: box.id, name: box.name, ...reading };
}

/** What a CPU does shows only in the second reading. */
async function showOnce(
  read: AsyncGenerator<readonly BoxReading[]>,
  resting: readonly RestingBox[],
  { json }: StatsOptions,
): Promise<void> {
  let round: readonly BoxReading[] = (await read.next()).value ?? [];
  round = (await read.next()).value ?? round;
  await read.return(undefined);
  if (json) printJson("stats", [...round, ...resting]);
  else process.stdout.write(formatStats([...round, ...resting]));
}

async function showAll(
  read: AsyncGenerator<readonly BoxReading[]>,
  resting: readonly RestingBox[],
  { json }: StatsOptions,
): Promise<void> {
  using screen = json ? undefined : openScreen();
  for await (const round of read) {
    if (screen === undefined) await printJsonLine("stats", [...round, ...resting]);
    else await screen.show(formatStats([...round, ...resting]));
  }
}

/** A terminal shows the last table alone; what is no terminal gets one after the other. */
function openScreen(): Disposable & { show(table: string): Promise<void> } {
  if (!process.stdout.isTTY) {
    return { show: (table) => writeFully(process.stdout, Buffer.from(table)), [Symbol.dispose]() {} };
  }
  const screen = createLogUpdate(process.stdout);
  return {
    show: async (table) => screen(table.trimEnd()),
    [Symbol.dispose]: () => screen.done(),
  };
}
