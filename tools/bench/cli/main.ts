import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type BenchCheck, benchLine, formatTable, median } from "../report.ts";

/** `bench:cli [RUNS]`: how long the command line takes to start, in turn with a Node that does nothing. */
const [argument = "11"] = process.argv.slice(2);
const runs = Number(argument);
if (!Number.isInteger(runs) || runs < 1) throw new Error(`the number of runs is ${argument}`);

const run = promisify(execFile);
const built = (path: string) => fileURLToPath(new URL(`../../../packages/${path}`, import.meta.url));
const cli = ["--", built("cli/dist/main.js")];
const runtime = `import(${JSON.stringify(built("box-runtime/dist/index.js"))})`;

const NOTHING = "node -e 0";
const HELP = "a3s-box --help";
const IMPORT = "importing @a3s/box-runtime";
const contestants: Readonly<Record<string, readonly string[]>> = {
  [NOTHING]: ["-e", "0"],
  [HELP]: [...cli, "--help"],
  "a Tab key that completes a command": [...cli, "__complete", "--", "vol"],
  "a Tab key that completes a volume": [...cli, "__complete", "--", "volume", "rm", ""],
  [IMPORT]: ["-e", runtime],
};

const home = await mkdtemp(join(tmpdir(), "a3s-bench-"));
const times = new Map(Object.keys(contestants).map((name) => [name, [] as number[]]));
try {
  // The first round fills the page cache.
  for (let round = 0; round <= runs; round++) {
    for (const [name, args] of Object.entries(contestants)) {
      const began = performance.now();
      await run(process.execPath, [...args], { env: { ...process.env, A3S_HOME: home } });
      if (round > 0) times.get(name)?.push(performance.now() - began);
    }
  }
} finally {
  await rm(home, { recursive: true, force: true });
}

const of = (name: string) => median(times.get(name) ?? []);
const rows = [...times].map(([name, values]) => {
  return [name, ...[median(values), Math.min(...values), Math.max(...values)].map((ms) => ms.toFixed(0))];
});
const checks: BenchCheck[] = [
  { name: "--help beyond 1.5 x node -e 0, ms", value: of(HELP) - 1.5 * of(NOTHING), bar: 60, better: "lower" },
  { name: "import beyond node -e 0, ms", value: of(IMPORT) - of(NOTHING), bar: 120, better: "lower" },
];
process.stdout.write(`${formatTable([["what", "median ms", "min", "max"], ...rows])}\n\n`);
process.stdout.write(`${benchLine("cli", checks)}\n`);
