import { formatTable, median } from "../report.ts";
import { type Bench, openBench } from "./bench.ts";
import { noop } from "./commands.ts";
import { transfer, transferNames } from "./transfers.ts";

/**
 * `compare PEER MIB ROUNDS VARIANT...`: programs against each other. The machine's speed differs more from minute to minute than programs
 * do, so each variant has a VM of its own, all of them at a time, and what is measured is measured in each of them in turn.
 */
const [peer = "", mib = "", rounds = "", ...variants] = process.argv.slice(2);
const MIB = Number(mib);
const ROUNDS = Number(rounds);
const BYTES = MIB * 1024 * 1024;
const PINGS = 60;
const EXECS = 20;

/** What one variant took, by what was measured. */
type Figures = Map<string, number[]>;
const figures = new Map<string, Figures>(variants.map((variant) => [variant, new Map()]));
const note = (variant: string, what: string, value: number) => {
  const own = figures.get(variant);
  own?.set(what, [...(own.get(what) ?? []), value]);
};

/** Every other round backwards: what is first in a round is not always the same one. */
const inTurn = (round: number) => (round % 2 ? variants.toReversed() : variants);

for (let round = 0; round < ROUNDS; round++) {
  for (const variant of inTurn(round)) {
    await using bench = await boot(variant);
    // The first boot runs Node's code for the first time.
    if (round === 0) continue;
    note(variant, "boot, ms", bench.guest.bootMs);
    note(variant, "PID 1 to ready, ms", bench.guest.agentMs);
  }
}
await using open = new AsyncDisposableStack();
const benches = new Map<string, Bench>();
for (const variant of variants) benches.set(variant, open.use(await boot(variant)));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [what, measure] of ways()) {
    for (const variant of inTurn(round)) {
      const bench = benches.get(variant);
      if (bench === undefined) continue;
      const value = await measure(bench);
      // Warms what is measured, and makes the file that is read.
      if (round > 0) note(variant, what, value);
    }
  }
}

const names = [...new Set([...figures.values()].flatMap((own) => [...own.keys()]))];
const rows = names.map((what) => [what, ...variants.map((variant) => cell(figures.get(variant)?.get(what) ?? []))]);
const head = ["median (lowest to highest)", ...variants.map((_, index) => `variant ${index + 1}`)];
const legend = variants.map((variant, index) => `variant ${index + 1}: ${variant}`);
process.stdout.write(
  `${formatTable([head, ...rows])}\n\n${legend.join("\n")}\n${MIB} MiB a transfer, ${ROUNDS} rounds\n`,
);

function ways(): (readonly [string, (bench: Bench) => Promise<number>])[] {
  const perMib = (ms: number) => ms / MIB;
  return [
    ["one byte and back, ms", async (bench) => median(await bench.yardstick.pingPong(bench.guest.agent, PINGS))],
    ["exec of true, ms", async (bench) => median(await repeated(EXECS, () => noop(bench.guest.agent)))],
    ["vsock in, ms/MiB", async (bench) => perMib(await bench.yardstick.toGuest(bench.guest.agent, BYTES))],
    ["vsock out, ms/MiB", async (bench) => perMib(await bench.yardstick.fromGuest(bench.guest.agent, BYTES))],
    ...transferNames.map(
      (name) =>
        [`${name}, ms/MiB`, async (bench: Bench) => perMib(await transfer(name, bench.guest.agent, BYTES))] as const,
    ),
  ];
}

async function repeated(count: number, work: () => Promise<number>): Promise<number[]> {
  const values: number[] = [];
  for (let run = 0; run < count; run++) values.push(await work());
  return values;
}

/** Of a variant's programs: `AGENT`, or `AGENT,VM_HOST`; `built` is the one that was built. */
async function boot(variant: string): Promise<Bench> {
  const [agent, vmHost] = variant.split(",").map((path) => (path === "built" ? undefined : path));
  choose("A3S_GUEST_AGENT", agent);
  choose("A3S_VM_HOST", vmHost);
  return await openBench(peer);
}

function choose(name: string, path: string | undefined): void {
  if (path === undefined) delete process.env[name];
  else process.env[name] = path;
}

function cell(values: readonly number[]): string {
  const digits = (value: number) => value.toFixed(value < 100 ? 1 : 0);
  return `${digits(median(values))} (${digits(Math.min(...values))} to ${digits(Math.max(...values))})`;
}
