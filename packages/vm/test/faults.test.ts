import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  attachVm,
  type LaunchOptions,
  type LibkrunFiles,
  launchVm,
  readIdentity,
  type VmProcess,
} from "../src/index.ts";
import { cycles } from "./cycles.ts";
import { listenForGuest } from "./doorbell.ts";
import { executors } from "./executors.ts";
import { buildFakeLibkrun } from "./fake-libkrun.ts";
import { leftovers } from "./leftovers.ts";

describe.each(executors)("$name", (executor) => {
  const CYCLES = cycles(executor.cycles);
  /** Node.js needs half a second for a start on a busy machine. */
  const CYCLES_TIMEOUT_MS = 20_000 + CYCLES * 2000;

  let built: string;
  let libraries: LibkrunFiles;
  beforeAll(async () => {
    built = await mkdtemp(join(tmpdir(), "a3s-vm-"));
    libraries = await buildFakeLibkrun(built);
  });
  afterAll(() => rm(built, { recursive: true, force: true }));

  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
    await mkdir(join(directory, "root"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function launch(program: string, more: Partial<LaunchOptions> = {}, agent = "agent.sock"): Promise<VmProcess> {
    return await launchVm(
      {
        vcpus: 1,
        memoryMib: 128,
        root: { path: join(directory, "root"), readOnly: true },
        init: { path: program },
        vsockPorts: [{ port: 1, socketPath: join(directory, agent), direction: "host-connects" }],
        streams: true,
      },
      {
        log: { path: join(directory, "log") },
        exitPath: join(directory, "exit.json"),
        statePath: join(directory, "vm.json"),
        libraries,
        ...executor.options,
        ...more,
      },
    );
  }

  test.each(["SIGKILL", "SIGSEGV", "SIGBUS", "SIGABRT"] as const)(
    "a VM process that %s ends is told apart from one that was stopped",
    async (signal) => {
      const vm = await launch("/run");
      process.kill(vm.vmPid, signal);
      expect(await vm.exited).toMatchObject({
        code: null,
        signal,
        cause: "signal",
        meaning: `The VM was ended by ${signal}`,
      });
      expect(readIdentity(vm.vmPid)).toBeUndefined();
    },
  );

  test("when two things end a VM, the end is told once and by what came first", async () => {
    const vm = await launch("/run");
    // In this order: what was told to stop may be gone, and its pid another's, before the next line.
    process.kill(vm.vmPid, "SIGKILL");
    const exit = await vm.stop();
    expect(["stopped", "signal"]).toContain(exit.cause);
    expect(await vm.kill()).toBe(exit);
  });

  test.each([
    ["/panic", "panic", "Fatal exception", "The guest's kernel panicked"],
    ["/vcpu", "vmm", "Received KVM_EXIT_INTERNAL_ERROR signal", "libkrun could not run a virtual CPU any further"],
  ])(
    "a guest that ended by a fault (%s) has no exit code, for whoever waits and whoever comes later",
    async (...row) => {
      const [program, cause, fault, meaning] = row;
      const vm = await launch(program);
      const end = { code: null, signal: null, cause, meaning: `${meaning}: ${fault}` };
      expect(await vm.exited).toMatchObject(end);
      const files = { exitPath: join(directory, "exit.json"), statePath: join(directory, "vm.json") };
      expect(await (await attachVm({ log: { path: join(directory, "log") }, ...files })).exited).toMatchObject(end);
      const record = JSON.parse(await readFile(files.exitPath, "utf8"));
      expect(record).toMatchObject({ code: null, signal: null, cause, fault });
    },
  );

  /** Each of the ways in which a VM comes to its end, or never to its beginning. */
  const WAYS: readonly (() => Promise<unknown>)[] = [
    async () => await (await launch("/exit/3")).exited,
    async () => await (await launch("/run")).stop(),
    async () => {
      await using _vm = await launch("/run");
    },
    async () => await (await launch("/crash")).exited,
    async () => await (await launch("/refuse")).exited,
    async () => await expect(launch("/run", {}, "none/agent.sock")).rejects.toThrow(/No such file/),
    async () => {
      const vm = await launch("/run", { detached: true });
      await vm.stop();
    },
    async () => {
      const vm = await launch("/run");
      process.kill(vm.identity.pid, "SIGKILL");
      await vm.exited;
    },
    async () => {
      await using doorbell = await listenForGuest(join(directory, "boot.sock"));
      const controller = new AbortController();
      const starting = launchVm(
        {
          vcpus: 1,
          memoryMib: 128,
          root: { path: join(directory, "root") },
          init: { path: "/stall" },
          vsockPorts: [{ port: 1, socketPath: doorbell.path, direction: "guest-connects" }],
        },
        {
          log: { path: join(directory, "log") },
          exitPath: join(directory, "exit.json"),
          statePath: join(directory, "vm.json"),
          libraries,
          ...executor.options,
          signal: controller.signal,
        },
      );
      await doorbell.rung;
      controller.abort(new Error("enough"));
      await expect(starting).rejects.toThrow("enough");
    },
    async () => {
      const vm = await launch("/noise");
      const reading = Array.fromAsync(vm.logs({ follow: true }));
      await vm.exited;
      await reading;
    },
  ];

  test(
    `${CYCLES} starts and ends of every kind leave no process, descriptor, mount, socket or file`,
    async () => {
      // What is loaded and opened once for all shall not count.
      for (const way of WAYS) await way();
      const before = await leftovers(directory);
      expect(before.processes).toEqual([]);
      expect(before.files).toEqual(["exit.json", "log.000001", "root", "vm.json", "vm.json.alive"]);
      for (let cycle = 0; cycle < CYCLES; cycle++) await WAYS[cycle % WAYS.length]?.();
      const after = await leftovers(directory);
      expect({ ...after, files: after.files.filter((name) => !/^log\.\d+$/.test(name)) }).toEqual({
        ...before,
        files: before.files.filter((name) => !/^log\.\d+$/.test(name)),
      });
    },
    CYCLES_TIMEOUT_MS,
  );
});
