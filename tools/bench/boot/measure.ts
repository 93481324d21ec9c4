import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VmManager } from "../../../packages/box-runtime/dist/index.js";
import { benchLine, formatTable, median } from "../report.ts";
import { bootBare, makeBareRoot } from "./bare.ts";

/** `measure BARE IMAGE [RUNS]`: boots a box and the bare program in turn, so that both see the same machine. */
const [bare = "", image = "", runs = "7"] = process.argv.slice(2);
const scratch = await mkdtemp(join(tmpdir(), "a3s-bench-"));
try {
  const bareRoot = join(scratch, "bare-root");
  await makeBareRoot(bareRoot);

  // The first round fills every cache: the image store, the root directory, the page cache.
  await bootBox();
  await bootBare(bare, bareRoot);
  const boxes: Awaited<ReturnType<typeof bootBox>>[] = [];
  const bares: number[] = [];
  for (let run = 0; run < Number(runs); run++) {
    bares.push(await bootBare(bare, bareRoot));
    boxes.push(await bootBox());
  }

  const box = median(boxes.map(({ ms }) => ms));
  const yardstick = median(bares);
  const row = (name: string, values: readonly number[]) =>
    [name, median(values), Math.min(...values), Math.max(...values)].map((cell) =>
      typeof cell === "number" ? cell.toFixed(0) : cell,
    );
  const stages = boxes[0]?.stages.map(({ name }) => name) ?? [];
  const rows = [
    ["what", "median ms", "min", "max"],
    row("bare libkrun: boot and exit", bares),
    row(
      "VmManager.boot() to ready",
      boxes.map(({ ms }) => ms),
    ),
    ...stages.map((name, index) =>
      row(
        `  ${name}`,
        boxes.map(({ stages }) => stages[index]?.durationMs ?? Number.NaN),
      ),
    ),
  ];
  process.stdout.write(
    `${formatTable(rows)}\n\nboot / bare = ${(box / yardstick).toFixed(2)}, ${runs} runs of each in turn\n`,
  );
  process.stdout.write(
    `${benchLine("boot", [{ name: "boot / bare libkrun", value: box / yardstick, bar: 1.35, better: "lower" }])}\n`,
  );
} finally {
  await rm(scratch, { recursive: true, force: true });
}

async function bootBox() {
  await using vm = new VmManager({ image }, undefined, { home: join(scratch, "home") });
  const start = performance.now();
  await vm.boot();
  return { ms: performance.now() - start, stages: vm.timings?.stages ?? [] };
}
