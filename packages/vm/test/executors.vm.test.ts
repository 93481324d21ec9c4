import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { attachVm, isAlive, launchVm, type VmProcess, type VmSpec } from "../src/index.ts";
import { busyboxRoot } from "./busybox-root.ts";
import type { CreatorRequest } from "./creator.ts";
import { executors, SCHED } from "./executors.ts";
import { GONE_WITHIN_MS } from "./gone-within.ts";

/** What the guest below does; its command line cannot hold double quotes. */
const SCRIPT = [
  "b=/bin/busybox",
  "$b touch /new",
  "$b mount -t virtiofs lower /ro",
  "$b touch /ro/new",
  "$b mount -t tmpfs none /all && $b mkdir /all/upper /all/work /all/merged",
  "$b mount -t overlay none -o lowerdir=/ro,upperdir=/all/upper,workdir=/all/work /all/merged",
  "echo more >> /all/merged/file && $b cat /all/merged/file",
  "exit 37",
].join("; ");

/** The promises that take a guest: real VMs, from a real libkrun. */
describe.each(executors)("$name", (host) => {
  let directory: string;
  let files: { readonly log: { readonly path: string }; readonly exitPath: string; readonly statePath: string };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
    files = {
      log: { path: join(directory, "log") },
      exitPath: join(directory, "exit.json"),
      statePath: join(directory, "vm.json"),
    };
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const spec = async (script: string, more: Partial<VmSpec> = {}): Promise<VmSpec> => ({
    vcpus: 1,
    memoryMib: 256,
    root: { path: await busyboxRoot(join(directory, "root")), readOnly: true },
    init: { path: "/bin/busybox", args: ["sh", "-c", script] },
    ...more,
  });

  /** Starts a VM from a process of its own, and waits until its guest is up, which goes on when `go` is in its share. */
  async function startElsewhere(detached: boolean) {
    const share = join(directory, "share");
    await mkdir(share);
    const until = "until [ -e /rw/go ]; do /bin/busybox sleep 1; done";
    const request: CreatorRequest = {
      spec: await spec(`/bin/busybox mount -t virtiofs rw /rw; echo up; ${until}; echo still here; exit 7`, {
        shares: [{ tag: "rw", path: share, readOnly: false }],
      }),
      options: { ...files, ...host.options, detached },
      linger: true,
    };
    const program = join(import.meta.dirname, "creator.ts");
    const creator = spawn(process.execPath, [program, JSON.stringify(request)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(createInterface({ input: creator.stdout }), "line");
    const vm = await attachVm(files);
    await said(vm, "up");
    return { creator, vm, go: () => writeFile(join(share, "go"), "") };
  }

  test("boots, keeps what is read-only, lets an overlay change the rest, and hands the exit code back", async () => {
    const lower = join(directory, "lower");
    await mkdir(lower);
    await writeFile(join(lower, "file"), "content\n");
    const shares = [{ tag: "lower", path: lower, readOnly: true }];
    await using vm = await launchVm(await spec(SCRIPT, { shares }), { ...files, ...host.options });
    expect(vm.jail).toEqual(host.measures);
    const exit = await vm.exited;
    const { consoleTail } = await vm.evidence();
    expect(exit, consoleTail).toMatchObject({ code: 37, cause: "guest", dropped: { records: 0, bytes: 0 } });
    expect(consoleTail.match(/touch: .*/g)).toEqual([
      "touch: /new: Read-only file system",
      "touch: /ro/new: Read-only file system",
    ]);
    expect(consoleTail).toMatch(/content\nmore\n$/);
    expect(await readdir(lower)).toEqual(["file"]);
    expect(await readFile(join(lower, "file"), "utf8")).toBe("content\n");
    expect(JSON.parse(await readFile(files.exitPath, "utf8"))).toMatchObject({
      version: 1,
      code: 37,
      cause: "guest",
    });
  });

  test("lets at most the devices' thread wait for its turn, not the virtual CPU; ends with its creator, also when that is killed", async () => {
    const { creator, vm } = await startElsewhere(false);
    expect(await policies(vm.vmPid)).toEqual({ devices: host.devicesPolicy, vcpu: SCHED.OTHER });
    const start = performance.now();
    creator.kill("SIGKILL");
    // The kernel's word that neither of the two holds their FIFO any more (docs/decisions/0012).
    expect(await vm.exited).toMatchObject({ code: null, signal: "SIGKILL", cause: "creator" });
    expect(performance.now() - start).toBeLessThan(GONE_WITHIN_MS);
    expect(isAlive(vm.identity)).toBe(false);
  });

  test("detached, outlives its killed creator: it is found, logs, and its exit code is recorded", async () => {
    const { creator, vm: earlier, go } = await startElsewhere(true);
    earlier.release();
    creator.kill("SIGKILL");
    await once(creator, "exit");
    await using vm = await attachVm(files);
    expect(vm.running).toBe(true);
    await go();
    expect(await vm.exited).toMatchObject({ code: 7, signal: null, cause: "guest" });
    expect((await vm.evidence()).consoleTail).toContain("still here");
    expect(isAlive(vm.identity)).toBe(false);
  });

  test("goes with its monitor when that is killed, and whoever comes next learns it", async () => {
    const { creator, vm } = await startElsewhere(true);
    const start = performance.now();
    process.kill(vm.identity.pid, "SIGKILL");
    expect(await vm.exited).toMatchObject({ code: null, cause: "monitor" });
    expect(performance.now() - start).toBeLessThan(GONE_WITHIN_MS);
    expect(await (await attachVm(files)).exited).toMatchObject({ code: null, cause: "monitor" });
    creator.kill("SIGKILL");
  });
});

/** Waits for a line on the console. */
async function said(vm: Pick<VmProcess, "logs">, line: string): Promise<void> {
  for await (const entry of vm.logs({ follow: true })) {
    if (entry.stream === "console" && entry.text.trimEnd() === line) return;
  }
  throw new Error(`The VM ended before it said ${line}`);
}

/** How the main thread of a VM process, that of libkrun's devices, and the first virtual CPU's are scheduled: proc_pid_stat(5), field 41. */
async function policies(pid: number): Promise<{ readonly devices?: number; readonly vcpu?: number }> {
  const directory = `/proc/${pid}/task`;
  const threads = await Promise.all(
    (await readdir(directory)).map(async (thread) => {
      const stat = await readFile(join(directory, thread, "stat"), "utf8");
      const [, name = "", fields = ""] = /^\d+ \((.*)\) (.*)$/.exec(stat.trimEnd()) ?? [];
      const policy = Number(fields.split(" ")[41 - 3]);
      return Number(thread) === pid ? { devices: policy } : name === "fc_vcpu 0" ? { vcpu: policy } : {};
    }),
  );
  return Object.assign({}, ...threads);
}
