import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRuntime } from "../../../packages/box-runtime/dist/index.js";
import { testImage, testLayer, writeTestLayout } from "../../../packages/testing/dist/index.js";
import { type BenchCheck, formatTable, median } from "../report.ts";

const BOXES = 200;
const LIST = `${BOXES} boxes listed`;
const GET = "one of them found by its name";

/** How long 200 stopped boxes take to be listed, and one of them to be found by its name. No VM is needed. Prints a table. */
export async function listBoxes(runs: number): Promise<readonly BenchCheck[]> {
  const directory = await mkdtemp(join(tmpdir(), "a3s-bench-"));
  const times = new Map([LIST, GET].map((name) => [name, [] as number[]]));
  try {
    const layout = join(directory, "image");
    const layers = [testLayer([{ type: "file", path: "file", content: "x" }])];
    await writeTestLayout(layout, { image: testImage({ layers, config: { Cmd: ["true"] } }) });
    const home = join(directory, "home");
    const config = { image: `oci:${layout}:image`, env: { A: "1", B: "2" }, labels: { team: "bench" } };
    for (let number = 0; number < BOXES; number++) {
      await createRuntime({ home }).boxes.create(config, { name: `box-${number}` });
    }
    // The first round compiles.
    for (let round = 0; round <= runs; round++) {
      const runtime = createRuntime({ home });
      const began = performance.now();
      if ((await runtime.boxes.list()).length !== BOXES) throw new Error("a box is missing");
      const listed = performance.now();
      await runtime.boxes.get("box-100");
      if (round === 0) continue;
      times.get(LIST)?.push(listed - began);
      times.get(GET)?.push(performance.now() - listed);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const rows = [...times].map(([name, values]) => {
    return [name, ...[median(values), Math.min(...values), Math.max(...values)].map((ms) => ms.toFixed(1))];
  });
  process.stdout.write(`${formatTable([["what", "median ms", "min", "max"], ...rows])}\n\n`);
  return [{ name: `${LIST}, ms`, value: median(times.get(LIST) ?? []), bar: 100, better: "lower" }];
}
