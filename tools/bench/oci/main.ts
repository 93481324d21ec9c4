import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { startDockerRegistry } from "../../../packages/testing/dist/index.js";
import { debianImages } from "../../images/debian.ts";
import { type BenchCheck, benchLine, formatTable, median } from "../report.ts";
import { type Contest, runContest } from "./contest.ts";
import { measurePresent } from "./present.ts";

/** `bench:oci [RUNS]`: pulls large images from a local registry, in turn with `skopeo copy`, which does the same work. */
const [argument = "5"] = process.argv.slice(2);
const runs = Number(argument);
if (!Number.isInteger(runs) || runs < 1) throw new Error(`the number of runs is ${argument}`);

const run = promisify(execFile);
const megabyte = 1e6;

process.stderr.write("bench:oci: making the images (minutes, the first time)\n");
const { layout, tags } = await debianImages();
// In the checkout and not in /tmp, which may be memory: both write to a disk and wait for it.
const scratch = join(import.meta.dirname, "../../../.cache/bench/oci");
await rm(scratch, { recursive: true, force: true });
await mkdir(scratch, { recursive: true });
let report: string;
try {
  await using registry = await startDockerRegistry();
  const rows: (readonly string[])[] = [["what", "median ms", "min", "max", "CPU ms", "peak MB"]];
  const notes: string[] = [];
  const checks: BenchCheck[] = [];
  for (const tag of tags) {
    const reference = `${registry.host}/debian:${tag}`;
    await run("skopeo", [
      ...["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"],
      ...[`oci:${layout}:${tag}`, `docker://${reference}`],
    ]);
    const { layers, bytes } = await sizeOf(tag);
    process.stderr.write(`bench:oci: ${tag}, ${runs} runs of each in turn\n`);
    // The first one of each fills the page cache with the programs.
    await runContest(reference, 1, scratch);
    const contest = await runContest(reference, runs, scratch);
    const what = `${layers} layer${layers === 1 ? "" : "s"}, ${Math.round(bytes / megabyte)} MB`;
    rows.push(...contestRows(what, contest));
    const wall = ratio(median, contest, "wallMs");
    // The fastest runs say what both can do when other work on the machine disturbs them least.
    const fastest = ratio((values) => Math.min(...values), contest, "wallMs").toFixed(2);
    const cpu = ratio(median, contest, "cpuMs").toFixed(2);
    notes.push(`${what}: pull / skopeo copy = ${wall.toFixed(2)}; of the fastest runs ${fastest}, of CPU time ${cpu}`);
    checks.push(
      { name: `${what}: pull / skopeo copy`, value: wall, bar: 1, better: "lower" },
      { name: `${what}: peak memory, MB`, value: peak(contest) / megabyte, bar: 150, better: "lower" },
    );
  }
  const [tag] = tags;
  process.stderr.write(`bench:oci: an image that is present, ${runs} runs\n`);
  const present = await measurePresent(registry.host, `debian:${tag}`, join(scratch, "present"), runs);
  const besides = present.map(({ besideMs }) => besideMs);
  rows.push(figures("present: pull() beside the requests", besides));
  checks.push(
    { name: "present: requests", value: Math.max(...present.map(({ requests }) => requests)), bar: 1, better: "lower" },
    { name: "present: ms beside the request", value: median(besides), bar: 50, better: "lower" },
  );
  if (!present.every(({ requests, manifestsOnly }) => requests > 0 && manifestsOnly)) {
    throw new Error("a pull of a present image did not ask for its manifest, or for more than that");
  }
  report = `${formatTable(rows)}\n\n${notes.join("\n")}\n${runs} runs of each in turn\n${benchLine("oci", checks)}\n`;
} finally {
  await rm(scratch, { recursive: true, force: true });
}
// Last, when nothing is left to clean up: whoever reads it may close the pipe early.
process.stdout.write(report);

async function sizeOf(tag: string) {
  const { stdout } = await run("skopeo", ["inspect", "--raw", `oci:${layout}:${tag}`]);
  const { layers } = JSON.parse(stdout) as { layers: readonly { readonly size: number }[] };
  const bytes = layers.reduce((sum, { size }) => sum + size, 0);
  if (bytes < 300 * megabyte) throw new Error(`the image ${tag} has ${bytes} bytes only`);
  return { layers: layers.length, bytes };
}

function contestRows(what: string, { skopeo, ours }: Contest): readonly (readonly string[])[] {
  const wholeCpu = (costs: Contest["skopeo"]) => median(column(costs, "cpuMs")).toFixed(0);
  const peakMb = (peak({ skopeo, ours }) / megabyte).toFixed(0);
  return [
    [...figures(`${what}: skopeo copy`, column(skopeo, "wallMs")), wholeCpu(skopeo)],
    [...figures(`${what}: pull, whole process`, column(ours, "wallMs")), wholeCpu(ours), peakMb],
    figures(`${what}: pull(), the call`, column(ours, "callMs")),
  ];
}

function figures(what: string, values: readonly number[]): readonly string[] {
  return [what, ...[median(values), Math.min(...values), Math.max(...values)].map((value) => value.toFixed(0))];
}

function column<K extends string>(rows: readonly Readonly<Record<K, number>>[], key: K): readonly number[] {
  return rows.map((row) => row[key]);
}

function ratio(of: (values: readonly number[]) => number, { skopeo, ours }: Contest, key: "wallMs" | "cpuMs"): number {
  return of(column(ours, key)) / of(column(skopeo, key));
}

/** The highest peak of all runs: a bar for memory is one for the worst case. */
function peak({ ours }: Contest): number {
  return Math.max(...column(ours, "peakBytes"));
}
