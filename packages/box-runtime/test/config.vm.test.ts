import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sitAt } from "../../agent-client/test/person.ts";
import type { VmManager } from "../src/index.ts";
import { exampleBox } from "./example-box.ts";
import { text } from "./example-image.ts";

/** Limits need a cgroup to make children of, which root has. */
const isRoot = process.getuid?.() === 0;
const limits = { memoryMib: 400, cpus: 1.5, threads: 64 };

let home: string;
let vm: VmManager;
let hostPort: number;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "a3s-home-"));
  hostPort = await freePort();
  vm = exampleBox(home, {
    entrypoint: ["sh", "-c"],
    command: ["echo main $GREETING $(pwd)"],
    env: { GREETING: "hello" },
    user: "guest",
    workdir: "/tmp",
    stopSignal: "quit",
    ulimits: { nofile: { soft: 64, hard: 128 }, core: 0 },
    capabilities: { drop: ["ALL"] },
    network: "tsi",
    sysctls: { "net.core.somaxconn": "1234" },
    ports: [`0.0.0.0:${hostPort}:8080`],
    logs: { maxBytes: 131_072, files: 2 },
    limits: isRoot ? limits : {},
  });
  await vm.boot();
});
afterAll(async () => {
  await vm?.destroy();
  await rm(home, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const output = async (command: string, options: Parameters<VmManager["exec"]>[1] = {}) =>
  text((await vm.exec(command, options).orThrow()).stdout);

test("a command has environment, user, directory, limits and capabilities of the configuration, unless its call has its own", async () => {
  const what = "echo $GREETING; pwd; id -un; ulimit -Sn; ulimit -Hn; ulimit -c; grep CapBnd /proc/self/status";
  expect(await output(what)).toBe("hello\n/tmp\nguest\n64\n128\n0\nCapBnd:\t0000000000000000\n");
  const own = { user: "root", cwd: "/", env: { GREETING: "bye" }, rlimits: { nofile: 32 }, capabilities: {} };
  expect(await output(what, own)).toBe("bye\n/\nroot\n32\n32\n0\nCapBnd:\t00000000a80425fb\n");
});

test("kernel parameters of the guest are set", async () => {
  expect(await output("cat /proc/sys/net/core/somaxconn")).toBe("1234\n");
});

test("the box's own process is the configuration's, or that of the call, and none to wait for", async () => {
  await expect(vm.wait()).rejects.toMatchObject({ code: "STATE_INVALID" });
  expect(text((await vm.run()).stdout)).toBe("main hello /tmp\n");
  expect(text((await vm.run({ command: ["echo other"] })).stdout)).toBe("other\n");
});

test("a published port leads from the host to a program of the guest", async () => {
  // httpd leaves its foreground when it listens.
  await using server = vm.exec("echo answer >/tmp/page; httpd -p 8080 -h /tmp && echo listening && sleep 1000");
  await sitAt(server).until("listening\n");
  expect(await (await fetch(`http://127.0.0.1:${hostPort}/page`)).text()).toBe("answer\n");
});

test.runIf(isRoot)("the VM has the limits of the configuration", async () => {
  const [child] = (await readFile(`/proc/${vm.pid}/task/${vm.pid}/children`, "utf8")).trim().split(" ");
  const [, group] = /^0::(.*)$/m.exec(await readFile(`/proc/${child}/cgroup`, "utf8")) ?? [];
  const read = async (file: string) => (await readFile(`/sys/fs/cgroup${group}/${file}`, "utf8")).trim();
  expect(await Promise.all(["memory.max", "cpu.max", "pids.max"].map(read))).toEqual([
    String(400 * 2 ** 20),
    "150000 100000",
    "64",
  ]);
});

test("what the guest says beyond the bounds of its log takes no room on the host", async () => {
  // The console is root's alone, and slow by the byte: empty lines, which take about 500 KB of log.
  await vm.exec("yes '' | head -n 7000 >/dev/console", { user: "root" }).orThrow();
  const directory = join(home, "boxes", vm.id);
  const names = (await readdir(directory)).filter((name) => name.startsWith("log."));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size));
  expect(names).toHaveLength(2);
  expect(names).not.toContain("log.000001");
  expect(Math.max(...sizes)).toBeLessThanOrEqual(131_072);
});

test("destroy() asks with the stop signal of the configuration", async () => {
  const script = "trap 'echo asked; exit 6' QUIT; trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done";
  const main = vm.run({ command: [script] });
  await sitAt(main).until("ready\n");
  await vm.destroy();
  expect(await main).toMatchObject({ exitCode: 6, signal: null });
});
