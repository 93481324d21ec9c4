import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { homeLayout } from "@a3s/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isAlive, launchVm, publishBootRoot, type VmExit } from "../src/index.ts";
import { busyboxRoot } from "./busybox-root.ts";
import { listenForGuest } from "./doorbell.ts";

/** A boot takes seconds where KVM is emulated, so several tests look at one. */
const BOOT_TIMEOUT_MS = 120_000;

/** The kernel panics when memory runs out, which tail(1) sees to: it looks for an end of a line. */
const PANIC = "echo 2 > /proc/sys/vm/panic_on_oom; exec /bin/busybox tail /dev/zero";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function share(name: string): Promise<string> {
  const path = join(directory, name);
  await mkdir(path);
  return path;
}

/** A file in a directory of its own, which has another one beside it. */
async function file(parent: string, name: string): Promise<string> {
  const path = join(await share(parent), name);
  await writeFile(path, "content\n");
  await writeFile(`${path}.sibling`, "");
  return path;
}

/** What the guest of the tests below does; its command line cannot hold double quotes. */
const script = (port: number) =>
  [
    "b=/bin/busybox",
    "echo kernel $($b uname -s) pid $$ args $0 $GREETING",
    "$b mount -t virtiofs ro /ro && $b mount -t virtiofs rw /rw",
    "$b touch /new /ro/new /rw/new",
    "$b mount -t virtiofs all /all && echo all: $($b ls -a /all) $($b cat /all/one) $($b ls /all/ro)",
    "echo more >> /all/one; $b touch /all/ro/more /all/more",
    `$b nc 127.0.0.1 ${port} && echo connected || echo refused`,
    "$b ip link | $b grep -c mtu",
    "exit 37",
  ].join("; ");

let exit: VmExit;
let lines: readonly string[];
let connections = 0;

beforeAll(async () => {
  const service = createServer((socket) => {
    connections += 1;
    socket.end();
  });
  await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
  const address = service.address();
  if (address === null || typeof address === "string") throw new Error("unreachable");
  await using vm = await launchVm(
    {
      vcpus: 1,
      memoryMib: 256,
      root: { path: await busyboxRoot(join(directory, "root")), readOnly: true },
      init: { path: "/bin/busybox", args: ["sh", "-c", script(address.port), "zero"], env: { GREETING: "a b=c" } },
      shares: [
        { tag: "ro", path: await share("ro"), readOnly: true },
        { tag: "rw", path: await share("rw"), readOnly: false },
        {
          tag: "all",
          entries: [
            { name: "one", path: await file("with siblings", "one"), readOnly: false },
            { name: "ro", path: join(directory, "with siblings"), readOnly: true },
          ],
        },
      ],
    },
    { log: { path: join(directory, "log") }, exitPath: join(directory, "exit.json") },
  );
  exit = await vm.exited;
  lines = (await vm.evidence()).consoleTail.trimEnd().split("\n");
  service.close();
}, BOOT_TIMEOUT_MS);

test("the program's output is on the console, its arguments and variables are whole, its exit code is the VM's", () => {
  expect(lines[0]).toMatch(/^kernel Linux pid \d+ args zero a b=c$/);
  expect(exit).toMatchObject({ code: 37, cause: "guest", failure: null });
});

test("a read-only root and a read-only share answer EROFS, a writable share takes the file", async () => {
  expect(lines).toEqual(expect.arrayContaining([expect.stringMatching(/\/new: Read-only file system$/)]));
  expect(await readdir(join(directory, "ro"))).toEqual([]);
  expect(await readdir(join(directory, "rw"))).toEqual(["new"]);
  expect(await readdir(join(directory, "root"))).not.toContain("new");
});

test("a composed share holds its entries and takes no others, and each has its own rights", async () => {
  expect(lines).toContain("all: . .. one ro content one one.sibling");
  expect(await readFile(join(directory, "with siblings", "one"), "utf8")).toBe("content\nmore\n");
  expect((await readdir(join(directory, "with siblings"))).sort()).toEqual(["one", "one.sibling"]);
  const refused = lines.flatMap((line) => /touch: (.*): Read-only file system$/.exec(line)?.[1] ?? []);
  expect(refused).toEqual(["/new", "/ro/new", "/all/ro/more", "/all/more"]);
});

test("without a network, the host's loopback cannot be reached and there is no card but lo", () => {
  expect(lines).toContain("refused");
  expect(lines.at(-1)).toBe("1");
  expect(connections).toBe(0);
});

test("the end is recorded where it was asked for", async () => {
  expect(JSON.parse(await readFile(join(directory, "exit.json"), "utf8"))).toMatchObject({ version: 1, code: 37 });
});

test("a guest whose PID 1 ends is over, and its end is recorded", async () => {
  const ended = await share("ended");
  await using vm = await launchVm(
    {
      vcpus: 1,
      memoryMib: 256,
      root: { path: join(directory, "root"), readOnly: true },
      // libkrunfw's kernel does not panic then: it restarts the machine, which ends the VM, whatever the code.
      init: { path: "/bin/busybox", args: ["sh", "-c", "echo last words; exit 3"], pid1: true },
    },
    { log: { path: join(ended, "log") }, exitPath: join(ended, "exit.json") },
  );
  expect(await vm.exited).toMatchObject({ code: 0, cause: "guest", failure: null });
  expect((await vm.evidence()).consoleTail).toContain("last words");
});

test("a guest whose kernel panics ends, and its end is recorded with the kernel's words", async () => {
  const panicked = await share("panicked");
  await using vm = await launchVm(
    {
      vcpus: 1,
      memoryMib: 128,
      root: { path: join(directory, "root"), readOnly: true },
      init: { path: "/bin/busybox", args: ["sh", "-c", PANIC] },
    },
    { log: { path: join(panicked, "log") }, exitPath: join(panicked, "exit.json") },
  );
  expect(await vm.exited).toMatchObject({ code: null, signal: null, cause: "panic", failure: null });
  const recorded = JSON.parse(await readFile(join(panicked, "exit.json"), "utf8"));
  expect(recorded).toMatchObject({ cause: "panic", fault: expect.stringMatching(/^Out of memory: /) });
});

test("from a boot root, the agent runs as PID 1 and rings the host over vsock; kill leaves nothing", async () => {
  const bootRoot = await publishBootRoot(homeLayout(join(directory, "home")));
  const run = await share("run");
  await using doorbell = await listenForGuest(join(run, "boot.sock"));
  await using vm = await launchVm(
    {
      vcpus: 2,
      memoryMib: 256,
      root: { path: bootRoot.path, readOnly: true },
      init: { path: bootRoot.agent, pid1: true },
      vsockPorts: [
        { port: 4087, socketPath: doorbell.path, direction: "guest-connects" },
        { port: 4088, socketPath: join(run, "agent.sock"), direction: "host-connects" },
      ],
    },
    { log: { path: join(run, "log") }, exitPath: join(run, "exit.json") },
  );
  const early = vm.exited.then(async (end) => {
    throw new Error(`${end.meaning}\n${(await vm.evidence()).consoleTail}`);
  });
  await Promise.race([doorbell.rung, early]);
  early.catch(() => {});
  expect(await vm.kill()).toMatchObject({ cause: "stopped", signal: "SIGKILL" });
  await doorbell.gone;
  expect(isAlive(vm.identity)).toBe(false);
  expect((await readdir(run)).sort()).toEqual(["boot.sock", "exit.json", "log.000001"]);
});
