import type { AgentClient } from "../../../packages/agent-client/dist/index.js";
import { benchLine, formatTable, median } from "../report.ts";
import { openBench } from "./bench.ts";
import { firstByte, noop, noopOfShell } from "./commands.ts";
import type { BenchGuest } from "./guest.ts";
import { type TransferName, transfer, transferNames } from "./transfers.ts";

/** `measure PEER [MIB [ROUNDS]]`: what goes through the agent of one VM, and in turn the same through vsock alone. */
const [peer = "", mib = "64", rounds = "3"] = process.argv.slice(2);
const MIB = 1024 * 1024;
const BYTES = Number(mib) * MIB;
const PINGS = 240;
const EXECS = 60;
const TURNS = 6;
const BOOTS = 5;

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

const raw: { out: number; in: number }[] = [];
const moved: Record<TransferName, number>[] = [];
for (let round = 0; round < Number(rounds); round++) {
  raw.push({ out: await yardstick.fromGuest(agent, BYTES), in: await yardstick.toGuest(agent, BYTES) });
  const times: Partial<Record<TransferName, number>> = {};
  for (const name of transferNames) times[name] = await transfer(name, agent, BYTES);
  moved.push(times as Record<TransferName, number>);
}
const rawOut = median(raw.map(({ out }) => out));
const rawIn = median(raw.map((each) => each.in));
const ms = (name: TransferName) => median(moved.map((each) => each[name]));
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
  ["vsock, guest to host, MiB/s", rate(rawOut), ""],
  ["stdout of cat, MiB/s", rate(ms("stdout")), percent(rawOut / ms("stdout"))],
  ["download, MiB/s", rate(ms("download")), percent(rawOut / ms("download"))],
  ["vsock, host to guest, MiB/s", rate(rawIn), ""],
  ["stdin of cat, MiB/s", rate(ms("stdin")), percent(rawIn / ms("stdin"))],
  ["upload, MiB/s", rate(ms("upload")), percent(rawIn / ms("upload"))],
  ["agent on disk, MiB", (agentBytes / MIB).toFixed(2), ""],
  ["agent, resident after the boot, MiB", rssMib.toFixed(2), ""],
  ["agent, resident after all this, MiB", (await agentMib(agent)).toFixed(2), ""],
  ["boot, ms", bootMs.toFixed(0), ""],
  ["of it PID 1 to ready, ms", median(boots.map((boot) => boot.agentMs)).toFixed(0), percent(share)],
  [
    "of that until the host's answer, ms",
    median(boots.map((boot) => boot.doorbellMs)).toFixed(0),
    percent(doorbellShare),
  ],
];
process.stdout.write(
  `${formatTable(rows)}\n\n${mib} MiB a transfer, medians of ${rounds} in turn; medians of ${BOOTS} boots\n`,
);
const least = (name: string, value: number) => ({ name, value, bar: 0.6, better: "higher" as const });
const most = (name: string, value: number, bar: number) => ({ name, value, bar, better: "lower" as const });
const line = benchLine("exec", [
  most("exec / ping-pong", exec / ping, 20),
  most("exec, ms", exec, 60),
  least("stdout / vsock", rawOut / ms("stdout")),
  least("download / vsock", rawOut / ms("download")),
  least("stdin / vsock", rawIn / ms("stdin")),
  least("upload / vsock", rawIn / ms("upload")),
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
