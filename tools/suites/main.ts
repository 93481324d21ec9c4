import { mkdir, rm } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatTable } from "../bench/report.ts";
import { closingLine, oneFailed, sum } from "./counts.ts";
import { stages, suites } from "./list.ts";
import { parseOptions, type SuiteOptions, usage } from "./options.ts";
import type { Suite, SuiteResult } from "./suite.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

/** Runs the suites, all of them whatever fails, and returns the exit code. */
async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) return 2;
  if (options.list) {
    for (const { name, what } of suites) console.log(`${name.padEnd(12)}${what}`);
    return 0;
  }
  const interruption = new AbortController();
  const interrupt = (name: NodeJS.Signals) => interruption.abort(128 + constants.signals[name]);
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, interrupt);
  const results: SuiteResult[] = [];
  for (const tracks of stages) {
    const ended = await Promise.all(tracks.map((track) => runTrack(track, options, interruption.signal)));
    if (interruption.signal.aborted) return interruption.signal.reason as number;
    results.push(...ended.flat());
  }
  return report(results);
}

async function runTrack(track: readonly Suite[], options: SuiteOptions, signal: AbortSignal): Promise<SuiteResult[]> {
  const results: SuiteResult[] = [];
  for (const suite of track) {
    const chosen = options.only.length === 0 || options.only.includes(suite.name);
    if (chosen && !signal.aborted) results.push(await runSuite(suite, options, signal));
  }
  return results;
}

function readOptions(): ReturnType<typeof parseOptions> | undefined {
  try {
    return parseOptions(
      process.argv.slice(2),
      suites.map(({ name }) => name),
    );
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return undefined;
  }
}

async function runSuite(suite: Suite, { soak, files }: SuiteOptions, signal: AbortSignal): Promise<SuiteResult> {
  console.log(`\n── ${suite.name}: ${suite.what}`);
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  const directory = join(repository, ".cache/suites", suite.name);
  try {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    return {
      name: suite.name,
      ...(await suite.run({ repository, directory, soak, files, signal })),
      seconds: seconds(),
    };
  } catch (error) {
    if (!signal.aborted) console.error(`The suite "${suite.name}" could not run to its end:`, error);
    return { name: suite.name, ...oneFailed, seconds: seconds() };
  }
}

function report(results: readonly SuiteResult[]): number {
  const rows = results.map(({ name, passed, failed, skipped, seconds }) => [
    name,
    failed > 0 ? "FAILED" : "ok",
    ...[passed, failed, skipped].map(String),
    seconds.toFixed(1),
  ]);
  console.log(`\n${formatTable([["suite", "", "passed", "failed", "skipped", "seconds"], ...rows])}\n`);
  const total = sum(results);
  console.log(closingLine(total));
  return total.failed > 0 ? 1 : 0;
}

process.exitCode = await main();
