import type { AgentClient } from "../../../packages/agent-client/dist/index.js";
import { benchLine, formatTable, median } from "../report.ts";
import { openBench } from "./bench.ts";
import { firstByte, noop, noopOfShell } from "./commands.ts";
import type { BenchGuest } from "./guest.ts";
import { directionOf, type TransferName, transfer, transferNames } from "./transfers.ts";

/** `measure PEER [MIB [ROUNDS]]`: what goes through the agent of one VM, and in turn the same through vsock alone. */
const [peer = "", mib = "64", rounds = "3"] = process.argv.slice(2);
const MIB = 1024 * 1024;
const BYTES = Number(mib) * MIB;
const PINGS = 240;
const EXECS = 60;
const TURNS = 6;
const BOOTS = 9;

const boots: BenchGuest[] = [];
for (let boot = 1; boot < BOOTS; boot++) {
  await using earlier = await openBench(peer);
  boots.push(earlier.guest);
}
await using bench = await openBench(peer);
boots.push(bench.guest);
const { agent, agentBytes } = bench.guest;
const { yardstick } = bench;
const rssMib = await agentMib(agent);

// The first of each fills the guest's page cache.
await noop(agent);
await yardstick.pingPong(agent, 10);
// In turn: the machine's speed differs more from minute to minute than these do.
const pings: number[] = [];
const execs: number[] = [];
const firstBytes: number[] = [];
const shells: number[] = [];
for (let turn = 0; turn < TURNS; turn++) {
  pings.push(...(await yardstick.pingPong(agent, PINGS / TURNS)));
  for (let run = 0; run < EXECS / TURNS; run++) {
    execs.push(await noop(agent));
    firstBytes.push(await firstByte(agent));
  }
  shells.push(await noopOfShell(agent, EXECS / TURNS));
}
const ping = median(pings);
const exec = median(execs);
const shell = median(shells);

/** Vsock alone in a transfer's direction, in milliseconds. */
const alone = {
  in: () => yardstick.toGuest(agent, BYTES),
  out: () => yardstick.fromGuest(agent, BYTES),
};
const raw = { in: [] as number[], out: [] as number[] };
const moved = new Map<TransferName, { ms: number; share: number }[]>(transferNames.map((name) => [name, []]));
for (let round = 0; round < Number(rounds); round++) {
  for (const direction of ["in", "out"] as const) {
    let before = await alone[direction]();
    raw[direction].push(before);
    // Each between two of the yardstick: the machine's speed differs more from minute to minute than these do.
    for (const name of transferNames.filter((each) => directionOf(each) === direction)) {
      const ms = await transfer(name, agent, BYTES);
      const after = await alone[direction]();
      moved.get(name)?.push({ ms, share: (before + after) / 2 / ms });
      raw[direction].push(after);
      before = after;
    }
  }
}
const ms = (name: TransferName) => median((moved.get(name) ?? []).map((each) => each.ms));
const shareOf = (name: TransferName) => median((moved.get(name) ?? []).map((each) => each.share));
const rate = (time: number) => (BYTES / MIB / (time / 1000)).toFixed(2);
const bootMs = median(boots.map((boot) => boot.bootMs));
const share = median(boots.map((boot) => boot.agentMs / boot.bootMs));
const doorbellShare = median(boots.map((boot) => boot.doorbellMs / boot.bootMs));

const rows = [
  ["what", "", "of the yardstick"],
  ["vsock, one byte and back, p50 ms", ping.toFixed(2), ""],
  ["exec of true, p50 ms", exec.toFixed(1), `${(exec / ping).toFixed(1)} x`],
  ["true of a shell in the guest, ms", shell.toFixed(1), `${(shell / ping).toFixed(1)} x`],
  ["exec of echo to its first byte, p50 ms", median(firstBytes).toFixed(1), ""],
  ["vsock, guest to host, MiB/s", rate(median(raw.out)), ""],
  ["stdout of cat, MiB/s", rate(ms("stdout")), percent(shareOf("stdout"))],
  ["download, MiB/s", rate(ms("download")), percent(shareOf("download"))],
  ["vsock, host to guest, MiB/s", rate(median(raw.in)), ""],
  ["stdin of cat, MiB/s", rate(ms("stdin")), percent(shareOf("stdin"))],
  ["upload, MiB/s", rate(ms("upload")), percent(shareOf("upload"))],
  ["agent on disk, MiB", (agentBytes / MIB).toFixed(2), ""],
  ["agent, resident after the boot, MiB", rssMib.toFixed(2), ""],
  ["agent, resident after all this, MiB", (await agentMib(agent)).toFixed(2), ""],
  ["boot, ms", bootMs.toFixed(0), ""],
  ["of it PID 1 to ready, ms", median(boots.map((boot) => boot.agentMs)).toFixed(0), percent(share)],
  [
    "of that until it is configured, ms",
    median(boots.map((boot) => boot.doorbellMs)).toFixed(0),
    percent(doorbellShare),
  ],
];
process.stdout.write(
  `${formatTable(rows)}\n\n${mib} MiB a transfer, ${rounds} of each between two of vsock alone, ${BOOTS} boots; medians\n`,
);
const least = (name: string, value: number) => ({ name, value, bar: 0.6, better: "higher" as const });
const most = (name: string, value: number, bar: number) => ({ name, value, bar, better: "lower" as const });
const line = benchLine("exec", [
  most("exec / ping-pong", exec / ping, 20),
  most("exec, ms", exec, 60),
  least("stdout / vsock", shareOf("stdout")),
  least("download / vsock", shareOf("download")),
  least("stdin / vsock", shareOf("stdin")),
  least("upload / vsock", shareOf("upload")),
  most("agent on disk, MiB", agentBytes / MIB, 6),
  most("agent, resident, MiB", rssMib, 6),
  most("PID 1 to ready / boot", share, 0.05),
]);
process.stdout.write(`${line}\n`);

async function agentMib(agent: AgentClient): Promise<number> {
  const status = new TextDecoder().decode(await agent.files.readFile("/proc/1/status"));
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}
