import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRuntime, WarmPool } from "../../../packages/box-runtime/dist/index.js";
import { bootBare, makeBareRoot } from "../boot/bare.ts";
import { benchLine, formatTable, median } from "../report.ts";

/** `measure BARE IMAGE [RUNS]`: runs a box and the bare program in turn, so that both see the same machine; then takes boxes from a pool. */
const [bare = "", image = "", runs = "5"] = process.argv.slice(2);
const EXECS = 20;
const scratch = await mkdtemp(join(tmpdir(), "a3s-bench-"));
const times = { bare: [] as number[], run: [] as number[], exec: [] as number[], acquire: [] as number[] };
const stages = new Map<string, number[]>();
try {
  const home = join(scratch, "home");
  const runtime = createRuntime({ home });
  const bareRoot = join(scratch, "bare-root");
  await makeBareRoot(bareRoot);
  // An image of the store, as one that was pulled is: files on disk are asked again each time.
  await runtime.images.pull(image);
  await runtime.images.tag(image, "bench:1");
  const config = { image: "bench:1", pullPolicy: "never" as const, bootTimeoutMs: 120_000 };
  const note = (name: string, ms: number) => stages.set(name, [...(stages.get(name) ?? []), ms]);
  let began = 0;
  runtime.events.on("box.created", () => note("create", performance.now() - began));
  runtime.events.on("box.started", ({ timings }) => {
    for (const { name, durationMs } of timings.stages) note(name, durationMs);
    note("all until started", performance.now() - began);
  });

  // The first round fills every cache.
  for (let round = 0; round <= Number(runs); round++) {
    const bareMs = await bootBare(bare, bareRoot);
    began = performance.now();
    await using box = await runtime.boxes.run(config, { main: false });
    await box.exec(["true"]).orThrow();
    const runMs = performance.now() - began;
    const execs = [];
    for (let count = 0; count < EXECS; count++) {
      const start = performance.now();
      await box.exec(["true"]).orThrow();
      execs.push(performance.now() - start);
    }
    await box.remove({ force: true });
    if (round === 0) stages.clear();
    else {
      times.bare.push(bareMs);
      times.run.push(runMs);
      times.exec.push(median(execs));
    }
  }

  await using pool = new WarmPool(config, { home, size: 1 });
  for (let round = 0; round < Number(runs); round++) {
    await pool.full();
    const asked = performance.now();
    await using _box = await pool.acquire();
    times.acquire.push(performance.now() - asked);
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}

const row = (name: string, values: readonly number[], digits = 0) => [
  name,
  ...[median(values), Math.min(...values), Math.max(...values)].map((ms) => ms.toFixed(digits)),
];
const rows = [
  ["what", "median ms", "min", "max"],
  row("bare libkrun: boot and exit", times.bare),
  row("boxes.run and its first exec", times.run),
  ...[...stages].map(([name, values]) => row(`  ${name}`, values)),
  row("exec of true", times.exec, 1),
  row("a box of a pool", times.acquire, 1),
];
const exec = median(times.exec);
const toFirstExec = median(times.run) / (median(times.bare) + exec);
process.stdout.write(`${formatTable(rows)}\n\n`);
process.stdout.write(`run and exec / (bare + exec) = ${toFirstExec.toFixed(2)}, ${runs} runs of each in turn\n`);
const checks = [
  { name: "run and first exec / (bare libkrun + exec)", value: toFirstExec, bar: 1.2, better: "lower" },
  { name: "acquire / exec", value: median(times.acquire) / exec, bar: 1.5, better: "lower" },
] as const;
process.stdout.write(`${benchLine("box-vm", checks)}\n`);
