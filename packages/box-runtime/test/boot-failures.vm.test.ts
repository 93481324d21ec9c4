import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DEFAULT_MEMORY_MIB } from "@a3s/core";
import { takeCensus, testImage, testLayer, waitForExit, writeTestLayout } from "@a3s/testing";
import { expect, test } from "vitest";
import type { BoxConfigInput } from "../src/index.ts";
import { exampleBox } from "./example-box.ts";
import { exampleImage } from "./example-image.ts";
import { homeForEach } from "./test-home.ts";

const at = homeForEach();
const box = (config: Partial<BoxConfigInput> = {}) => exampleBox(at.home, config);

test("a guest that has not rung by the deadline is BOOT_TIMEOUT, with the console as evidence", async () => {
  // As much memory as a box has by default, with which its kernel is still at it then.
  const vm = box({ bootTimeoutMs: 2500, memoryMib: DEFAULT_MEMORY_MIB });
  await expect(vm.boot()).rejects.toMatchObject({
    code: "BOOT_TIMEOUT",
    hint: expect.any(String),
    details: { stage: "kernel", consoleTail: expect.any(String) },
  });
  expect(vm.state).toBe("stopped");
});

test("a stage that fails in the guest is BOOT_FAILED and says what failed: a directory where the image has a file", async () => {
  const vm = box({ volumes: [{ source: at.home, target: "/etc/passwd" }] });
  await expect(vm.boot()).rejects.toMatchObject({
    code: "BOOT_FAILED",
    message: expect.stringContaining("/etc/passwd"),
    hint: expect.any(String),
  });
});

test("a mount point that is missing in a read-only volume is BOOT_FAILED and named", async () => {
  const vm = box({
    volumes: [{ source: at.home, target: "/data", readOnly: true }],
    tmpfs: [{ target: "/data/missing" }],
  });
  await expect(vm.boot()).rejects.toMatchObject({
    code: "BOOT_FAILED",
    message: expect.stringMatching(/make the mount point \/data\/missing: Read-only file system/),
  });
});

test.each([
  ["/", "the root itself"],
  ["proc/sys", "a directory of the kernel"],
  ["/dev", "a directory of the kernel"],
])("a mount point that the image makes a link to %s is BOOT_FAILED: nothing is mounted there", async (target, what) => {
  const layout = join(at.home, "link");
  await writeTestLayout(layout, {
    latest: testImage({ layers: [testLayer([{ type: "symlink", path: "data", target }])] }),
  });
  const vm = box({ image: `oci:${layout}:latest`, volumes: [{ source: at.home, target: "/data" }] });
  await expect(vm.boot()).rejects.toMatchObject({
    code: "BOOT_FAILED",
    message: expect.stringContaining(`/data leads to ${what}`),
  });
  await rm(layout, { recursive: true });
});

test.each([
  ["missing", "no-such-file"],
  ["no directory or file", "pipe"],
])("a volume's source that is %s is VOLUME_INVALID", async (_, name) => {
  await promisify(execFile)("mkfifo", [join(at.home, "pipe")]);
  const source = join(at.home, name);
  await expect(box({ volumes: [{ source, target: "/data" }] }).boot()).rejects.toMatchObject({
    code: "VOLUME_INVALID",
    hint: expect.any(String),
    details: { source },
  });
  await rm(join(at.home, "pipe"));
});

test("an abort in the middle of a boot rejects with its reason and stops the VM", async () => {
  const caller = new AbortController();
  const vm = box();
  using _listener = vm.events.on("box.stage", ({ stage }) => {
    if (stage === "kernel") caller.abort(new Error("the user left"));
  });
  await expect(vm.boot({ signal: caller.signal })).rejects.toThrow("the user left");
  expect(vm.state).toBe("stopped");
});

test("destroy() ends a boot that is under way", async () => {
  const vm = box();
  let destroyed: Promise<void> | undefined;
  using _listener = vm.events.on("box.stage", ({ stage }) => {
    if (stage === "kernel") destroyed = vm.destroy();
  });
  await expect(vm.boot()).rejects.toMatchObject({ code: "BOX_DESTROYED" });
  await destroyed;
});

test("a VM process that is killed from outside takes the box to stopped and rejects what is pending", async () => {
  const vm = box();
  await vm.boot();
  const pending = vm.exec(["sleep", "1000"]);
  const started = pending[Symbol.asyncIterator]();
  await started.next();
  const stopped = new Promise((resolve) => vm.events.on("box.stopped", resolve));
  process.kill(vm.pid as number, "SIGKILL");
  await expect(started.next()).rejects.toMatchObject({ code: "AGENT_UNAVAILABLE" });
  await stopped;
  expect(vm.state).toBe("stopped");
});

test("the VM dies with its creator, also when the creator is killed", async () => {
  const script = fileURLToPath(new URL("./boot-and-wait.mjs", import.meta.url));
  const creator = spawn(process.execPath, [script, exampleImage(), at.home], { stdio: ["ignore", "pipe", "inherit"] });
  const [pid] = (await once(creator.stdout, "data")) as [Buffer];
  creator.kill("SIGKILL");
  await waitForExit(Number(pid), 30_000);
  const { processes, sockets } = await takeCensus(at.home);
  expect({ processes, sockets }).toEqual({ processes: [], sockets: [] });
  // What a killed creator leaves are its own empty directories and the record of the VM's end.
  await rm(join(at.home, "run"), { recursive: true, force: true });
  await rm(join(at.home, "boxes"), { recursive: true, force: true });
});

test("an unknown image and a registry that is down each say so", async () => {
  await expect(box({ image: `${exampleImage().replace(/:[^:]*$/, "")}:no-such-tag` }).boot()).rejects.toMatchObject({
    code: "IMAGE_NOT_FOUND",
    hint: expect.any(String),
  });
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  await expect(box({ image: `127.0.0.1:${port}/a/b:1` }).boot()).rejects.toMatchObject({
    code: "REGISTRY_UNREACHABLE",
    hint: expect.any(String),
  });
});
