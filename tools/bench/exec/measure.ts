import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentClient } from "../../../packages/agent-client/dist/index.js";
import { benchLine, formatTable, median } from "../report.ts";
import { bootGuest } from "./guest.ts";
import { type Transfers, transfer } from "./transfers.ts";
import { PEER_PORT, Yardstick } from "./yardstick.ts";

/** `measure PEER [MIB [ROUNDS]]`: one VM; what goes through its agent, and in turn the same through vsock alone. */
const [peer = "", mib = "64", rounds = "3"] = process.argv.slice(2);
const MIB = 1024 * 1024;
const BYTES = Number(mib) * MIB;
const PINGS = 200;
const EXECS = 60;

const scratch = await mkdtemp(join(tmpdir(), "a3s-bench-"));
const socketPath = join(scratch, "peer.sock");
try {
  await using yardstick = await Yardstick.listen(socketPath);
  await using guest = await bootGuest(scratch, peer, { port: PEER_PORT, socketPath });
  const { agent } = guest;
  const rssMib = await agentMib(agent);

  // The first of each fills the guest's page cache.
  await noop(agent);
  await yardstick.pingPong(agent, 10);
  const pings = await yardstick.pingPong(agent, PINGS);
  const execs: number[] = [];
  const firstBytes: number[] = [];
  for (let run = 0; run < EXECS; run++) {
    execs.push(await noop(agent));
    firstBytes.push(await firstByte(agent));
  }
  const ping = median(pings);
  const exec = median(execs);

  const raw: { out: number; in: number }[] = [];
  const moved: Transfers[] = [];
  for (let round = 0; round < Number(rounds); round++) {
    raw.push({ out: await yardstick.fromGuest(agent, BYTES), in: await yardstick.toGuest(agent, BYTES) });
    moved.push(await transfer(agent, BYTES));
  }
  const rawOut = median(raw.map(({ out }) => out));
  const rawIn = median(raw.map((each) => each.in));
  const ms = (name: keyof Transfers) => median(moved.map((each) => each[name]));
  const rate = (time: number) => (BYTES / MIB / (time / 1000)).toFixed(2);
  const share = guest.agentMs / guest.bootMs;

  const rows = [
    ["what", "", "of the yardstick"],
    ["vsock, one byte and back, p50 ms", ping.toFixed(2), ""],
    ["exec of true, p50 ms", exec.toFixed(1), `${(exec / ping).toFixed(1)} x`],
    ["exec of echo to its first byte, p50 ms", median(firstBytes).toFixed(1), ""],
    ["vsock, guest to host, MiB/s", rate(rawOut), ""],
    ["stdout of cat, MiB/s", rate(ms("stdout")), percent(rawOut / ms("stdout"))],
    ["download, MiB/s", rate(ms("download")), percent(rawOut / ms("download"))],
    ["vsock, host to guest, MiB/s", rate(rawIn), ""],
    ["stdin of cat, MiB/s", rate(ms("stdin")), percent(rawIn / ms("stdin"))],
    ["upload, MiB/s", rate(ms("upload")), percent(rawIn / ms("upload"))],
    ["agent on disk, MiB", (guest.agentBytes / MIB).toFixed(2), ""],
    ["agent, resident after the boot, MiB", rssMib.toFixed(2), ""],
    ["agent, resident after all this, MiB", (await agentMib(agent)).toFixed(2), ""],
    ["boot, ms", guest.bootMs.toFixed(0), ""],
    ["of it PID 1 to ready, ms", guest.agentMs.toFixed(0), percent(share)],
    ["of that until the host's answer, ms", guest.doorbellMs.toFixed(0), percent(guest.doorbellMs / guest.bootMs)],
  ];
  process.stdout.write(`${formatTable(rows)}\n\n${mib} MiB a transfer, medians of ${rounds} in turn\n`);
  const least = (name: string, value: number) => ({ name, value, bar: 0.6, better: "higher" as const });
  const most = (name: string, value: number, bar: number) => ({ name, value, bar, better: "lower" as const });
  const line = benchLine("exec", [
    most("exec / ping-pong", exec / ping, 20),
    most("exec, ms", exec, 60),
    least("stdout / vsock", rawOut / ms("stdout")),
    least("download / vsock", rawOut / ms("download")),
    least("stdin / vsock", rawIn / ms("stdin")),
    least("upload / vsock", rawIn / ms("upload")),
    most("agent on disk, MiB", guest.agentBytes / MIB, 6),
    most("agent, resident, MiB", rssMib, 6),
    most("PID 1 to ready / boot", share, 0.05),
  ]);
  process.stdout.write(`${line}\n`);
} finally {
  await rm(scratch, { recursive: true, force: true });
}

async function noop(agent: AgentClient): Promise<number> {
  const start = performance.now();
  await agent.exec(["/bin/true"]).orThrow();
  return performance.now() - start;
}

async function firstByte(agent: AgentClient): Promise<number> {
  const start = performance.now();
  let first = Number.NaN;
  for await (const event of agent.exec(["/bin/echo", "word"])) {
    if (event.type === "stdout") first = performance.now() - start;
  }
  return first;
}

async function agentMib(agent: AgentClient): Promise<number> {
  const status = new TextDecoder().decode(await agent.files.readFile("/proc/1/status"));
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}
