import { expect, test } from "vitest";
import { type EnsureRootOptions, ensureRoot, leaseRoot } from "../src/ensure-root.ts";
import { file } from "./fixture/entries.ts";
import { plain, Scratch } from "./fixture/scratch.ts";

const RUNS = 50;

/** The best of many runs: what others do on the machine at the same time only ever adds. */
async function fastestMs(run: () => PromiseLike<unknown>): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let count = 0; count < RUNS; count++) {
    const start = performance.now();
    await run();
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest;
}

test("a root that is there is ready within 5 ms, held or not, whatever its size", { timeout: 60_000 }, async () => {
  await using scratch = await Scratch.create();
  const lines: string[] = [];
  for (const files of [10, 10_000]) {
    const entries = Array.from({ length: files }, (_, index) => file(`dir${index % 50}/file${index}`, "x"));
    const options: EnsureRootOptions = { store: scratch.store, layers: await scratch.layers(plain(entries)) };
    await ensureRoot(options);
    const foundMs = await fastestMs(() => ensureRoot(options));
    const heldMs = await fastestMs(async () => {
      await using _root = await leaseRoot(options);
    });
    lines.push(`${files} files: found in ${foundMs.toFixed(2)} ms, held and released in ${heldMs.toFixed(2)} ms`);
    expect(Math.max(foundMs, heldMs)).toBeLessThan(5);
  }
  console.log(lines.join("\n"));
});
