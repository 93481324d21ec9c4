import { execFile } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { LocalImage } from "../../images/busybox.ts";
import { layersOf } from "../../images/layers.ts";
import { timedProcess } from "../oci/timed-process.ts";
import { type BenchCheck, benchLine, formatTable, median } from "../report.ts";
import { benchImages } from "./images.ts";

/** `bench:rootfs [RUNS]`: applies layers, in turn with `umoci raw unpack`, which does the same work except waiting for the disk. */
const [argument = "3"] = process.argv.slice(2);
const runs = Number(argument);
if (!Number.isInteger(runs) || runs < 1) throw new Error(`the number of runs is ${argument}`);

const applyScript = join(import.meta.dirname, "apply.mjs");
const megabyte = 1e6;

/** What one process took. */
interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

interface Contest {
  readonly umoci: readonly Cost[];
  readonly ours: readonly (Cost & { readonly callMs: number; readonly peakBytes: number })[];
}

process.stderr.write("bench:rootfs: making the images (some minutes, the first time)\n");
const images = await benchImages();
// In the checkout and not in /tmp, which may be memory.
const scratch = join(import.meta.dirname, "../../../.cache/bench/rootfs");
await rm(scratch, { recursive: true, force: true });
await mkdir(scratch, { recursive: true });
try {
  const rows: (readonly string[])[] = [["what", "median ms", "min", "max", "CPU ms", "peak MB"]];
  const checks: BenchCheck[] = [];
  for (const image of images) {
    process.stderr.write(`bench:rootfs: ${image.name}, ${runs} runs of each in turn\n`);
    const contest = await runContest(image);
    rows.push(...contestRows(image.name, contest));
    const ratio = median(column(contest.ours, "wallMs")) / median(column(contest.umoci, "wallMs"));
    // The highest peak of all runs: a bar for memory is one for the worst case.
    const peak = Math.max(...column(contest.ours, "peakBytes")) / megabyte;
    checks.push(
      { name: `${image.name}: ensureRoot / umoci raw unpack`, value: ratio, bar: 1, better: "lower" },
      { name: `${image.name}: peak memory, MB`, value: peak, bar: 200, better: "lower" },
    );
  }
  process.stdout.write(`${formatTable(rows)}\n\n${runs} runs of each in turn\n`);
  process.stdout.write(`${benchLine("rootfs", checks)}\n`);
} finally {
  await rm(scratch, { recursive: true, force: true });
}

/** Lets both apply an image into fresh directories; who begins changes each time. */
async function runContest(image: LocalImage): Promise<Contest> {
  const umoci: Contest["umoci"][number][] = [];
  const ours: Contest["ours"][number][] = [];
  const layers = join(scratch, "layers.json");
  await writeFile(layers, JSON.stringify(await layersOf(image)));
  const unpack = async (directory: string) => {
    const reference = `${image.layout}:${image.tag}`;
    umoci.push(await timedProcess("umoci", ["raw", "unpack", "--image", reference, join(directory, "root")]));
  };
  const apply = async (directory: string) => {
    const { stdout, ...cost } = await timedProcess(process.execPath, [applyScript, join(directory, "store"), layers]);
    const { ms: callMs, peakBytes } = JSON.parse(stdout) as { ms: number; peakBytes: number };
    ours.push({ ...cost, callMs, peakBytes });
  };
  // The first one of each fills the page cache with the programs and the layer.
  for (let run = -1; run < runs; run++) {
    for (const contestant of run % 2 ? [apply, unpack] : [unpack, apply]) {
      const directory = join(scratch, `${run}-${contestant.name}`);
      await mkdir(directory);
      await promisify(execFile)("sync");
      await contestant(directory);
    }
  }
  // Not after each: ext4 is slow to create files for a minute after many were removed.
  for (const name of await readdir(scratch)) await rm(join(scratch, name), { recursive: true });
  return { umoci: umoci.slice(1), ours: ours.slice(1) };
}

function contestRows(what: string, { umoci, ours }: Contest): readonly (readonly string[])[] {
  const wholeCpu = (costs: readonly Cost[]) => median(column(costs, "cpuMs")).toFixed(0);
  const peakMb = (Math.max(...column(ours, "peakBytes")) / megabyte).toFixed(0);
  return [
    [...figures(`${what}: umoci raw unpack`, column(umoci, "wallMs")), wholeCpu(umoci)],
    [...figures(`${what}: ensureRoot, whole process`, column(ours, "wallMs")), wholeCpu(ours), peakMb],
    figures(`${what}: ensureRoot(), the call, synced`, column(ours, "callMs")),
  ];
}

function figures(what: string, values: readonly number[]): readonly string[] {
  return [what, ...[median(values), Math.min(...values), Math.max(...values)].map((value) => value.toFixed(0))];
}

function column<K extends string>(rows: readonly Readonly<Record<K, number>>[], key: K): readonly number[] {
  return rows.map((row) => row[key]);
}
