/** Boots the emulated host for real: `node --test tools/kvm-host/selftest.ts`. About a minute on an idle machine. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { KvmHostError } from "./errors.ts";
import { type KvmHostResult, type KvmHostRun, runInKvmHost } from "./kvm-host.ts";

async function run(options: KvmHostRun): Promise<KvmHostResult & { stdout: string; stderr: string }> {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const texts = Promise.all([text(streams.stdout), text(streams.stderr)]);
  const result = await runInKvmHost({ ...options, ...streams });
  streams.stdout.end();
  streams.stderr.end();
  const [stdout, stderr] = await texts;
  return { ...result, stdout, stderr };
}

/** Pid of this process's child that runs a program; names have 15 characters. */
async function childNamed(name: string): Promise<number> {
  const children = (await readFile(`/proc/self/task/${process.pid}/children`, "utf8")).trim().split(" ");
  for (const pid of children) if ((await readFile(`/proc/${pid}/comm`, "utf8")).trim() === name) return Number(pid);
  throw new Error(`no child is called ${name}`);
}

test("a command finds KVM, its files, room to write and a way to hand out results", async () => {
  // Below /tmp, which the emulated host has of its own: what a run needs must be there all the same.
  const cwd = await mkdtemp(join(tmpdir(), "kvm-host-selftest-"));
  await using _removed = { [Symbol.asyncDispose]: () => rm(cwd, { recursive: true }) };
  await writeFile(join(cwd, "input"), "from the machine\n");
  const unprivileged = "setpriv --reuid 65534 --regid 65534 --clear-groups";
  const script = `
    pwd; cat input; printenv WORD; echo >&2 to stderr
    echo changed >input && cat input
    echo result >/out/report
    ${unprivileged} sh -c ': <>/dev/kvm' && echo KVM
    ${unprivileged} unshare --user --map-root-user --net true && echo user namespace
    stat -f -c %T "$TMPDIR" "$HOME" "$A3S_HOME"
    [ -c /dev/fuse ] && [ -c /dev/net/tun ] && [ -w /sys/fs/cgroup/cgroup.procs ] && echo devices
    head -c 1000000 /dev/zero | tr '\\0' x; echo
    sleep 1000 & kill -TERM $$`;
  const result = await run({
    command: ["sh", "-c", script],
    cwd,
    env: { WORD: `it's "quoted" $HOME` },
    writable: [cwd],
    shares: [{ guestPath: "/out", hostPath: join(cwd, "results") }],
  });
  assert.deepEqual(result.stdout.trimEnd().split("\n"), [
    ...[cwd, "from the machine", `it's "quoted" $HOME`, "changed", "KVM", "user namespace"],
    ...["ext2/ext3", "ext2/ext3", "ext2/ext3", "devices", "x".repeat(1_000_000)],
  ]);
  assert.equal(result.stderr, "to stderr\n");
  assert.equal(result.exitCode, 128 + 15);
  assert.equal(await readFile(join(cwd, "input"), "utf8"), "from the machine\n");
  assert.equal(await readFile(join(cwd, "results/report"), "utf8"), "result\n");
});

test("a panic is an error that shows the console", async () => {
  await assert.rejects(run({ command: ["sh", "-c", "echo c >/proc/sysrq-trigger"] }), (error) => {
    assert(error instanceof KvmHostError);
    assert.equal(error.code, "ENDED_EARLY");
    assert.match(error.console, /Kernel panic/);
    return true;
  });
});

test("a command that takes too long is ended", async () => {
  await assert.rejects(run({ command: ["sleep", "1000"], timeoutMs: 5000 }), { code: "TIMEOUT" });
});

test("a machine that froze is ended, and said to have frozen", async () => {
  const stdout = new PassThrough();
  const running = runInKvmHost({ command: ["sh", "-c", "sleep 5; echo up; sleep 1000"], stdout, silenceMs: 15_000 });
  await Promise.race([once(stdout, "data"), running]);
  process.kill(await childNamed("qemu-system-x86"), "SIGSTOP");
  await assert.rejects(running, { code: "FROZEN" });
});

test("a machine that froze says where its CPU is, and what its kernel was doing", async () => {
  const silence =
    "for p in /proc/[0-9]*; do [ $(readlink $p/fd/1) = /dev/vport0p4 ] && kill -STOP $(basename $p); done; sleep 1000";
  await assert.rejects(run({ command: ["sh", "-c", silence], silenceMs: 15_000 }), {
    code: "FROZEN",
    console: /RIP=.*LVT.*Kernel panic - not syncing: NMI.*Call Trace/s,
  });
});

test("a command may be silent and use the CPU for longer than the heart may be", async () => {
  const script = "i=0; while [ $i -lt 400000 ]; do i=$((i + 1)); done; sleep 25";
  const { exitCode, longestPauseMs } = await run({ command: ["sh", "-c", script], silenceMs: 20_000 });
  assert.equal(exitCode, 0);
  assert(longestPauseMs > 500, `${longestPauseMs} ms, so it did not beat`);
});

test("QEMU ends with the tool, even when the tool is killed", async () => {
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const command = ["sh", "-c", "echo up; sleep 1000"];
  const tool = spawn(process.execPath, [main, "run", "--", ...command], { stdio: ["ignore", "pipe", "inherit"] });
  await once(tool.stdout, "data");
  const qemu = (await readFile(`/proc/${tool.pid}/task/${tool.pid}/children`, "utf8")).trim();
  assert.match(qemu, /^\d+$/);
  tool.kill("SIGKILL");
  execFileSync("timeout", ["20", "tail", "-f", "/dev/null", `--pid=${qemu}`]);
});
