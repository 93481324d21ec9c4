import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { isAlive, type LaunchOptions, type LibkrunFiles, launchVm, type VmProcess, type VmSpec } from "../src/index.ts";
import { listenForGuest } from "./doorbell.ts";
import { executors, NATIVE } from "./executors.ts";
import { buildFakeLibkrun } from "./fake-libkrun.ts";

describe.each(executors)("$name", (executor) => {
  /** The real vm-host with a libkrun that needs no KVM: everything but the guest is as it is in earnest. */
  let libraries: LibkrunFiles;
  let crippled: LibkrunFiles;
  let built: string;
  beforeAll(async () => {
    built = await mkdtemp(join(tmpdir(), "a3s-vm-"));
    libraries = await buildFakeLibkrun(built);
    crippled = await buildFakeLibkrun(built, ["WITHOUT_ADD_VSOCK"]);
  });
  afterAll(() => rm(built, { recursive: true, force: true }));

  let directory: string;
  let files: Pick<LaunchOptions, "log" | "exitPath">;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
    await mkdir(join(directory, "root"));
    files = { log: { path: join(directory, "log") }, exitPath: join(directory, "exit.json") };
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  function spec(program: string, more: Partial<VmSpec> = {}): VmSpec {
    return { vcpus: 2, memoryMib: 512, root: { path: join(directory, "root") }, init: { path: program }, ...more };
  }

  const launch = (program: string, more: Partial<VmSpec> = {}, options: Partial<LaunchOptions> = {}) =>
    launchVm(spec(program, more), { ...files, libraries, ...executor.options, ...options });

  async function consoleOf(vm: VmProcess): Promise<string[]> {
    await vm.exited;
    return (await vm.evidence()).consoleTail.trimEnd().split("\n");
  }

  test("the plan is replayed in the VM process, and its exit code comes back", async () => {
    await using doorbell = await listenForGuest(join(directory, "boot.sock"));
    await using vm = await launch("/exit/37", {
      init: { path: "/exit/37", args: ["-c", "a b"], env: { NAME: "x y" }, pid1: true },
      shares: [{ tag: "lower", path: join(directory, "root"), readOnly: false }],
      vsockPorts: [{ port: 4087, socketPath: doorbell.path, direction: "guest-connects" }],
    });
    expect(await vm.exited).toEqual({
      code: 37,
      signal: null,
      cause: "guest",
      meaning: "The guest ended with exit code 37",
      failure: null,
      endedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      dropped: { records: 0, bytes: 0 },
    });
    expect(await consoleOf(vm)).toEqual([
      "init_log 1 1 2 1",
      "create_ctx",
      "set_vm_config 7 2 512",
      "disable_implicit_console 7",
      "add_virtio_console_default 7 1",
      "set_root 7",
      "add_virtiofs 7 lower /0",
      "disable_implicit_vsock 7",
      "add_vsock 7 0",
      "add_vsock_port2 7 4087 0",
      "set_exec 7 /exit/37",
      "argument -c",
      "argument a b",
      "variable NAME=x y",
      "variable KRUN_INIT_PID1=1",
      "start_enter 7",
    ]);
    await doorbell.gone;
  });

  test.each([
    [true, "Read-only file system"],
    [false, "written"],
  ])("a root with readOnly %s: %s", async (readOnly, said) => {
    const root = { path: join(directory, "root"), readOnly };
    await using vm = await launch("/write", { root });
    expect(await consoleOf(vm)).toContain(said);
    expect(await readdir(root.path)).toEqual(readOnly ? [] : ["new"]);
  });

  test("what is in force of the jail is known", async () => {
    await using vm = await launch("/run");
    expect(vm.jail).toEqual(executor.measures);
    await using other = await launch("/run", { network: { kind: "tsi", publish: [] } }, { jail: "best-effort" });
    expect(other.jail).toEqual(vm.jail.filter((measure) => measure !== "network-namespace"));
  });

  test("a jail that is required whole is whole, or the start fails and names what it lacks", async () => {
    const lacking = NATIVE.measures.filter((measure) => !executor.measures.includes(measure));
    const starting = launch("/run", {}, { jail: "required" });
    if (lacking.length === 0) {
      await using vm = await starting;
      expect(vm.jail).toEqual(NATIVE.measures);
      return;
    }
    await expect(starting).rejects.toMatchObject({
      code: "VM_START_FAILED",
      details: { failure: { stage: "jail", what: lacking.join(", ") } },
    });
    expect((await readdir(directory)).sort()).toEqual(["exit.json", "log.000001", "root"]);
  });

  test("kill ends both processes, says so, and may be called again", async () => {
    await using doorbell = await listenForGuest(join(directory, "boot.sock"));
    const agentSocket = join(directory, "agent.sock");
    await using vm = await launch("/run", {
      vsockPorts: [
        { port: 1, socketPath: doorbell.path, direction: "guest-connects" },
        { port: 2, socketPath: agentSocket, direction: "host-connects" },
      ],
    });
    await doorbell.rung;
    expect(isAlive(vm.identity)).toBe(true);
    expect(vm.vmPid).not.toBe(vm.identity.pid);
    expect((await stat(agentSocket)).isSocket()).toBe(true);
    const exit = await vm.kill();
    expect(exit).toMatchObject({ code: null, signal: "SIGKILL", cause: "stopped" });
    await doorbell.gone;
    expect(isAlive(vm.identity)).toBe(false);
    await expect(stat(agentSocket)).rejects.toThrow("ENOENT");
    expect(await vm.kill()).toEqual(exit);
  });

  test("a fault of the VM process is a signal", async () => {
    await using vm = await launch("/crash");
    expect(await vm.exited).toMatchObject({ code: null, signal: "SIGABRT", meaning: "The VM was ended by SIGABRT" });
  });

  test("a libkrun that refuses to start the guest is a failed start", async () => {
    await using vm = await launch("/refuse");
    expect(await vm.exited).toMatchObject({
      code: 70,
      cause: "start",
      failure: { stage: "call", what: "krun_start_enter", errno: 22 },
    });
  });

  test.each<[stage: string, what: string, errno: number, change: () => Parameters<typeof launch>]>([
    ["call", "krun_set_root", 20, () => ["/run", { root: { path: libraries.libkrun } }]],
    ["jail", "none", 2, () => ["/run", { root: { path: join(directory, "none") } }]],
    ["jail", "none", 2, () => ["/run", { root: { path: join(directory, "none"), readOnly: true } }]],
    ["load", "none.so", 0, () => ["/run", {}, { libraries: { ...libraries, libkrun: join(directory, "none.so") } }]],
    ["spec", "log.path", 2, () => ["/run", {}, { log: { path: join(directory, "none/log") } }]],
    ["spec", "exitPath", 2, () => ["/run", {}, { exitPath: join(directory, "none/exit.json") }]],
  ])("a start that fails in stage %s at %s carries the evidence", async (stage, what, errno, change) => {
    const error = await launch(...change()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "VM_START_FAILED",
      message: expect.stringContaining(what),
      hint: expect.any(String),
      details: {
        failure: { stage, what: expect.stringContaining(what), errno },
        stderrTail: expect.stringContaining(`"stage":"${stage}"`),
        consoleTail: stage === "call" ? expect.stringMatching(/set_root 7\n$/) : expect.any(String),
      },
    });
  });

  test("a libkrun that lacks a call says which one, and which version has it", async () => {
    await expect(launch("/run", {}, { libraries: crippled })).rejects.toMatchObject({
      code: "LIBKRUN_TOO_OLD",
      message: expect.stringContaining("krun_add_vsock"),
      hint: "Install libkrun 1.17 or newer.",
      details: { failure: { stage: "load", what: "krun_add_vsock" } },
    });
  });

  test("without a libkrun, nothing is started", async () => {
    vi.stubEnv("A3S_LIBKRUN_DIR", directory);
    try {
      await expect(launchVm(spec("/run"), { ...files, ...executor.options })).rejects.toMatchObject({
        code: "LIBKRUN_MISSING",
      });
    } finally {
      vi.unstubAllEnvs();
    }
    expect(await readdir(directory)).toEqual(["root"]);
  });

  test("a vm-host that cannot be run, or is something else, is a failed start", async () => {
    const vmHost = join(directory, "vm-host");
    await expect(launch("/run", {}, { vmHost })).rejects.toThrow(
      expect.objectContaining({ code: "VM_START_FAILED", cause: expect.objectContaining({ code: "ENOENT" }) }),
    );
    await writeFile(vmHost, "#!/bin/sh\necho something else\nexec cat <&3\n", { mode: 0o755 });
    await expect(launch("/run", {}, { vmHost })).rejects.toThrow(/"something else", which is no start report/);
    await expect(launch("/run", {}, { vmHost: "/bin/true" })).rejects.toThrow(
      /vm-host exited with 0 and left no record/,
    );
  });

  test("a wrong specification is refused before anything is started", async () => {
    const refused = (field: string) =>
      expect.objectContaining({ code: "VM_SPEC_INVALID", message: expect.stringContaining(`${field}: must be`) });
    await expect(launch("run")).rejects.toThrow(refused("init.path"));
    await expect(launch("/run", {}, { exitPath: "exit.json" })).rejects.toThrow(refused("exitPath"));
    await expect(launch("/run", {}, { log: { path: "log" } })).rejects.toThrow(refused("log.path"));
    expect(await readdir(directory)).toEqual(["root"]);
  });

  test("a start that is aborted rejects with the reason and leaves nothing", async () => {
    await using doorbell = await listenForGuest(join(directory, "boot.sock"));
    const controller = new AbortController();
    const starting = launch(
      "/stall",
      {
        vsockPorts: [
          { port: 1, socketPath: join(directory, "agent.sock"), direction: "host-connects" },
          { port: 2, socketPath: doorbell.path, direction: "guest-connects" },
        ],
      },
      { signal: controller.signal },
    );
    await doorbell.rung;
    expect((await readdir(directory)).sort()).toEqual([
      "agent.sock",
      "boot.sock",
      "exit.json.tmp",
      "log.000001",
      "root",
    ]);
    const reason = new Error("the user left");
    controller.abort(reason);
    await expect(starting).rejects.toBe(reason);
    await doorbell.gone;
    expect((await readdir(directory)).sort()).toEqual(["boot.sock", "root"]);
  });

  test("a signal that was aborted before starts nothing", async () => {
    const reason = new Error("too late");
    await expect(launch("/run", {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await readdir(directory)).toEqual(["root"]);
  });

  test("a start that takes too long fails with evidence", async () => {
    await using doorbell = await listenForGuest(join(directory, "boot.sock"));
    const vsockPorts = [{ port: 2, socketPath: doorbell.path, direction: "guest-connects" }] as const;
    const error = await launch("/stall", { vsockPorts }, { timeoutMs: executor.startsWithinMs }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      code: "VM_START_FAILED",
      message: `The VM did not start: it took longer than ${executor.startsWithinMs} ms`,
      cause: { code: "DEADLINE_EXCEEDED" },
      details: { consoleTail: expect.stringContaining("set_exec 7 /stall") },
    });
    await doorbell.gone;
  });

  test("the log of a noisy guest stays within its bounds", async () => {
    const maxBytes = 128 * 1024;
    await using vm = await launch("/noise", {}, { log: { path: files.log.path, maxBytes, files: 2 } });
    expect(await consoleOf(vm)).toContain("16383".padStart(63, "0"));
    const logs = (await readdir(directory)).filter((name) => name.startsWith("log."));
    expect(logs).toHaveLength(2);
    for (const name of logs) expect((await stat(join(directory, name))).size).toBeLessThanOrEqual(maxBytes);
  });

  test("an older VM's record is not taken for this one's", async () => {
    const at = "2001-01-01T00:00:00.000Z";
    const log = { records: 0, bytes: 0 };
    const old = { version: 1, code: 5, signal: null, cause: "guest", log, startedAt: at, endedAt: at, failure: null };
    await writeFile(files.exitPath, JSON.stringify(old));
    await using vm = await launch("/run");
    process.kill(vm.identity.pid, "SIGKILL");
    expect(await vm.exited).toMatchObject({ cause: "monitor", endedAt: null });
  });
});
