import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AttachOptions, attachVm, type LibkrunFiles, launchVm, readIdentity } from "../src/index.ts";
import type { CreatorRequest } from "./creator.ts";
import { type Doorbell, listenForGuest } from "./doorbell.ts";
import { executors } from "./executors.ts";
import { buildFakeLibkrun } from "./fake-libkrun.ts";

describe.each(executors)("$name", (executor) => {
  let built: string;
  let libraries: LibkrunFiles;
  beforeAll(async () => {
    built = await mkdtemp(join(tmpdir(), "a3s-vm-"));
    libraries = await buildFakeLibkrun(built);
  });
  afterAll(() => rm(built, { recursive: true, force: true }));

  let directory: string;
  let doorbell: Doorbell;
  let files: AttachOptions;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
    await mkdir(join(directory, "root"));
    doorbell = await listenForGuest(join(directory, "boot.sock"));
    files = {
      statePath: join(directory, "vm.json"),
      log: { path: join(directory, "log") },
      exitPath: join(directory, "exit.json"),
    };
  });
  afterEach(async () => {
    await doorbell[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  function request(): CreatorRequest {
    return {
      spec: {
        vcpus: 1,
        memoryMib: 128,
        root: { path: join(directory, "root") },
        init: { path: "/relay" },
        vsockPorts: [{ port: 1, socketPath: doorbell.path, direction: "guest-connects" }],
      },
      options: { ...files, libraries, ...executor.options, detached: true },
      linger: true,
    };
  }

  /** Starts a detached VM from a process of its own, which stays until it is killed. */
  async function startElsewhere(): Promise<{ creator: ChildProcess; guest: Socket }> {
    const creator = spawn(process.execPath, [join(import.meta.dirname, "creator.ts"), JSON.stringify(request())], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(createInterface({ input: creator.stdout }), "line");
    return { creator, guest: await doorbell.connection };
  }

  test("a detached VM whose creator is killed runs on: it is found, its log followed, and its end told", async () => {
    const { creator, guest } = await startElsewhere();
    creator.kill("SIGKILL");
    await once(creator, "exit");
    const vm = await attachVm(files);
    expect(readIdentity(vm.identity.pid)).toEqual(vm.identity);
    expect(readIdentity(vm.vmPid)?.executable).toBe(vm.identity.executable);
    const lines: string[] = [];
    const reading = (async () => {
      for await (const entry of vm.logs({ follow: true })) if (entry.stream === "console") lines.push(entry.text);
    })();
    guest.end("still here\n");
    const exit = await vm.exited;
    expect(exit).toMatchObject({ code: 0, cause: "guest", meaning: "The guest ended with exit code 0" });
    await reading;
    expect(lines.at(-1)).toBe("still here");
    // Whoever comes later learns the same.
    const later = await attachVm(files);
    expect(await later.exited).toEqual(exit);
    expect(await later.stop()).toEqual(exit);
    expect((await later.evidence()).consoleTail).toMatch(/still here\n$/);
  });

  test("stop ends it, from any process, and says by whose wish", async () => {
    const { creator } = await startElsewhere();
    const [one, other] = [await attachVm(files), await attachVm(files)];
    const vmPid = readIdentity(one.vmPid);
    expect(await one.stop()).toMatchObject({
      code: null,
      signal: "SIGKILL",
      cause: "stopped",
      meaning: "The VM was stopped",
    });
    expect(await other.exited).toEqual(await one.exited);
    await doorbell.gone;
    expect(vmPid).toBeDefined();
    creator.kill("SIGKILL");
  });

  test("a vm-host that does not react is killed after the grace, and the VM goes with it", async () => {
    const { creator } = await startElsewhere();
    const vm = await attachVm(files);
    process.kill(vm.identity.pid, "SIGSTOP");
    expect(await vm.stop({ graceMs: 50 })).toMatchObject({ code: null, signal: null, cause: "monitor" });
    await doorbell.gone;
    creator.kill("SIGKILL");
  });

  test("of a VM whose monitor was killed, nobody guesses how it ended: not who was attached, and not who comes later", async () => {
    const { creator } = await startElsewhere();
    const vm = await attachVm(files);
    process.kill(vm.identity.pid, "SIGKILL");
    const unknown = {
      code: null,
      signal: null,
      cause: "monitor",
      meaning: "vm-host was killed or its machine restarted: it left no record",
      failure: null,
      endedAt: null,
      dropped: null,
    };
    expect(await vm.exited).toEqual(unknown);
    await doorbell.gone;
    expect(await (await attachVm(files)).exited).toEqual(unknown);
    creator.kill("SIGKILL");
  });

  test("the record of another VM's end is not taken for this one's", async () => {
    const { creator } = await startElsewhere();
    const vm = await attachVm(files);
    const at = "2001-01-01T00:00:00.000Z";
    const log = { records: 0, bytes: 0 };
    const old = { version: 1, code: 5, signal: null, cause: "guest", startedAt: at, endedAt: at, failure: null, log };
    await writeFile(files.exitPath, JSON.stringify(old));
    process.kill(vm.identity.pid, "SIGKILL");
    expect(await vm.exited).toMatchObject({ code: null, cause: "monitor" });
    creator.kill("SIGKILL");
  });

  test("a process that has the pid by now is refused, and not touched", async () => {
    const { creator } = await startElsewhere();
    const vm = await attachVm(files);
    const bystander = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    const state = JSON.parse(await readFile(files.statePath, "utf8"));
    await writeFile(files.statePath, JSON.stringify({ ...state, pid: bystander.pid }));
    await expect(attachVm(files)).rejects.toMatchObject({
      code: "VM_IDENTITY_MISMATCH",
      details: { pid: bystander.pid },
    });
    await vm.stop();
    // The VM is gone, so there is an end to be told, and nobody to be signalled.
    const ended = await attachVm(files);
    expect(await ended.stop()).toMatchObject({ cause: "stopped" });
    expect([bystander.exitCode, bystander.signalCode]).toEqual([null, null]);
    bystander.kill();
    creator.kill("SIGKILL");
  });

  test("a released VM runs on", async () => {
    const { creator, guest } = await startElsewhere();
    const vm = await attachVm(files);
    vm.release();
    guest.end("bye\n");
    const again = await attachVm(files);
    expect(await again.exited).toMatchObject({ code: 0 });
    creator.kill("SIGKILL");
  });

  test("no second VM takes the place of one that runs, and the first is not disturbed", async () => {
    const { creator, guest } = await startElsewhere();
    const { spec, options } = request();
    await expect(launchVm(spec, options)).rejects.toMatchObject({
      code: "VM_START_FAILED",
      details: { failure: { stage: "spec", what: "statePath", errno: 16 } },
    });
    const vm = await attachVm(files);
    guest.end();
    expect(await vm.exited).toMatchObject({ code: 0, cause: "guest" });
    creator.kill("SIGKILL");
  });

  test("no state is no VM", async () => {
    await expect(attachVm(files)).rejects.toMatchObject({
      code: "VM_STATE_MISSING",
      message: `There is no VM at ${files.statePath}`,
    });
    await expect(attachVm({ ...files, exitPath: "exit.json" })).rejects.toMatchObject({ code: "VM_SPEC_INVALID" });
  });

  const good = {
    version: 1,
    pid: 4711,
    startTime: "42",
    executable: "/usr/bin/vm-host",
    vmPid: 4712,
    startedAt: "2026-01-01T00:00:00.000Z",
    jail: [],
  };

  test.each([
    ["no JSON", "{"],
    ["another version", JSON.stringify({ ...good, version: 2 })],
    ["init's pid", JSON.stringify({ ...good, pid: 1 })],
    ["a process group", JSON.stringify({ ...good, pid: -4711 })],
    ["a start time that is none", JSON.stringify({ ...good, startTime: "now" })],
    ["a relative program", JSON.stringify({ ...good, executable: "vm-host" })],
    ["more than a record can be", `${JSON.stringify(good)}${" ".repeat(16 * 1024)}`],
  ])("a record with %s is not believed", async (_, content) => {
    await writeFile(files.statePath, content, { mode: 0o600 });
    await expect(attachVm(files)).rejects.toMatchObject({ code: "VM_STATE_INVALID" });
  });

  test("a record that others can write is not believed, and a link is not followed", async () => {
    await writeFile(files.statePath, JSON.stringify(good), { mode: 0o600 });
    expect(await (await attachVm(files)).exited).toMatchObject({ cause: "monitor" });
    await chmod(files.statePath, 0o666);
    await expect(attachVm(files)).rejects.toMatchObject({ code: "VM_STATE_INVALID" });
    const link = join(directory, "link");
    await symlink(files.statePath, link);
    await expect(attachVm({ ...files, statePath: link })).rejects.toMatchObject({
      code: "VM_STATE_INVALID",
      cause: { code: "ELOOP" },
    });
  });
});
