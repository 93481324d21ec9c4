import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sitAt } from "../../agent-client/test/person.ts";
import type { VmManager } from "../src/index.ts";
import { exampleBox } from "./example-box.ts";
import { text } from "./example-image.ts";

/** One VM for all of these; the agent is PID 1, so that what only PID 1 does is seen here, and commands run beside it. */
let home: string;
let vm: VmManager;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "a3s-home-"));
  vm = exampleBox(home, { vcpus: 2 });
  await vm.boot();
});
afterAll(async () => {
  await vm?.destroy();
  await rm(home, { recursive: true, force: true });
});

const output = async (command: string, options: Parameters<VmManager["exec"]>[1] = {}) =>
  text((await vm.exec(command, options).orThrow()).stdout);

test("a command on a terminal finds busybox's tty and stty agreeing, a resize and Ctrl-C", async () => {
  const script = "tty; stty size; trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done";
  await using process = vm.exec(script, { tty: { columns: 101, rows: 33 } });
  const person = sitAt(process);
  expect(await person.until("ready")).toMatch(/^\/dev\/pts\/\d+\r\n33 101\r\nready/);
  expect(await process.resize({ columns: 40, rows: 10 })).toBe(true);
  await person.until("10 40\r\n");
  await person.type("\x03");
  expect(await process).toMatchObject({ exitCode: 130, signal: "SIGINT" });
});

test("an interactive shell runs commands and ends with Ctrl-D", async () => {
  await using shell = vm.exec(["sh", "-i"], { tty: true, env: { PATH: "/bin", PS1: "% ", TERM: "dumb" } });
  const person = sitAt(shell);
  await person.until("% ");
  // busybox asks the terminal where its cursor is.
  await person.type("echo $((6*7))-$(tty)\n");
  await person.until("42-/dev/pts/");
  await person.type("\x04");
  expect(await shell).toMatchObject({ exitCode: 0 });
});

test("the end of an exec reaches what has left its session, and its cgroup goes", async () => {
  const leave = "(setsid sh -c 'echo $$; exec sleep 1000' </dev/null 2>/dev/null &); sleep 1000";
  let escapee: string;
  {
    await using process = vm.exec(leave);
    escapee = (await sitAt(process).until("\n")).trim();
    expect(await output("ls -d /sys/fs/cgroup/a3s-1/exec-* | wc -l")).toBe("2\n");
  }
  const gone = `while test -d /proc/${escapee}; do sleep 0.05; done; cat /proc/self/cgroup; ls -d /sys/fs/cgroup/a3s-1/exec-*`;
  const [own, ...groups] = (await output(gone, { timeoutMs: 60_000 })).trim().split("\n");
  expect(groups).toEqual([`/sys/fs/cgroup${own?.replace("0::", "")}`]);
});

test("what runs is listed, signalled, awaited and killed; a detached process outlives its call", async () => {
  let id: number;
  {
    await using process = vm.exec("while :; do echo tick; sleep 0.05; done", { detached: true });
    ({ id } = await process.started);
  }
  expect(await vm.processes.list()).toContainEqual(expect.objectContaining({ id, detached: true }));
  const ended = vm.processes.wait(id);
  await vm.processes.signal(id, "SIGUSR1");
  expect(await ended).toEqual({ exitCode: 138, signal: "SIGUSR1", timedOut: false });
  const process = vm.exec(["sleep", "1000"]);
  const started = await process.started;
  expect(await vm.processes.kill(started.id)).toMatchObject({ signal: "SIGKILL" });
  expect(await process).toMatchObject({ exitCode: 137 });
});

test("a timeout kills in the guest and says so, with the output up to there", async () => {
  const result = await vm.exec("echo some; sleep 1000 & wait", { timeoutMs: 2000 });
  expect(result).toMatchObject({ exitCode: 137, timedOut: true });
  expect(text(result.stdout)).toBe("some\n");
  expect(await output("pgrep -f 'sleep 100[0]' || echo none")).toBe("none\n");
});

test("commands have the rights of a container's, the agent those of PID 1", async () => {
  const status = "grep -h -E '^CapEff|^NoNewPrivs' /proc/self/status";
  expect(await output(status)).toBe("CapEff:\t00000000a80425fb\nNoNewPrivs:\t1\n");
  expect(await output(status, { user: "guest" })).toBe("CapEff:\t0000000000000000\nNoNewPrivs:\t1\n");
  expect((await vm.exec("mount -t tmpfs none /tmp")).exitCode).not.toBe(0);
  const filters = "grep -h Seccomp_filters /proc/self/status";
  expect(await output(filters)).toBe("Seccomp_filters:\t1\n");
  expect(await output(filters, { seccomp: "unconfined" })).toBe("Seccomp_filters:\t0\n");
  // Root would leave its group, which ends with its exec.
  const leaving = await vm.exec("echo $$ >/sys/fs/cgroup/cgroup.procs");
  expect(text(leaving.stderr)).toContain("Read-only file system");
  const admin = { capabilities: { add: ["SYS_ADMIN"] } };
  expect((await vm.exec("mount -t tmpfs none /tmp && umount /tmp", admin)).exitCode).toBe(0);
  expect(await output("cat /proc/1/oom_score_adj /proc/self/oom_score_adj")).toBe("-1000\n0\n");
  expect((await vm.exec("echo -1 >/proc/self/oom_score_adj")).exitCode).not.toBe(0);
  expect(await output("echo out >/dev/stdout", { user: "guest" })).toBe("out\n");
});

test("the guest's statistics, clock, disks and random numbers are within reach", async () => {
  const { cpu, memory } = await vm.system.stats();
  expect(cpu.count).toBe(vm.config.vcpus);
  expect(memory.totalBytes).toBeGreaterThan(128 * 1024 * 1024);
  // libkrun rounds up.
  expect(memory.totalBytes).toBeLessThan(320 * 1024 * 1024);
  expect(memory.availableBytes).toBeLessThan(memory.totalBytes);
  await vm.system.setTime(new Date("2040-01-01T00:00:00Z"));
  expect(await output("date -u +%Y-%m-%dT%H")).toBe("2040-01-01T00\n");
  await vm.system.setTime();
  expect(Math.abs(Number(await output("date +%s")) * 1000 - Date.now())).toBeLessThan(30_000);
  await vm.system.sync({ timeoutMs: 60_000 });
  await vm.system.reseedRandom();
});

/** The real agent as a process of this machine is asked 100 times, in packages/agent-client. */
const rounds = process.env["A3S_SOAK"] === "1" ? 1000 : 10;

test(`8 execs at a time, ${rounds} times over, mix no byte`, { timeout: rounds * 6000 }, async () => {
  const one = async (index: number) => {
    const line = `${index}-`.repeat(500);
    const result = await vm.exec(`read -r line; echo "$line"; echo not ${index} >&2; exit ${index % 256}`, {
      stdin: `${line}\n`,
    });
    expect(result.exitCode).toBe(index % 256);
    expect(result.text()).toBe(`${line}\n`);
    expect(result.text("stderr")).toBe(`not ${index}\n`);
  };
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: 8 }, (_, index) => one(round * 8 + index)));
  }
});

test("content goes both ways at once, in several commands", async () => {
  const stdin = randomBytes(2 << 20);
  const call = { stdin, maxBufferBytes: 4 << 20, signal: AbortSignal.timeout(60_000) };
  const results = await Promise.all([1, 2].map(() => vm.exec(["cat"], call)));
  for (const { stdout } of results) expect(Buffer.compare(stdout, stdin)).toBe(0);
});

// The last: it ends the VM of all the others.
test("destroy() asks a process with its stop signal and waits for it", async () => {
  const script =
    "trap 'sleep 0.2; echo told; exit 6' QUIT; trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done";
  const main = vm.run({ command: ["sh", "-c", script], stopSignal: "SIGQUIT" });
  const { until } = sitAt(main);
  await until("ready");
  const destroyed = vm.destroy();
  await until("told");
  expect(await main).toMatchObject({ exitCode: 6, signal: null });
  await destroyed;
});
