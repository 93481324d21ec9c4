import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, watch } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { attachVm, isAlive, launchVm, type ProcessIdentity } from "../src/index.ts";
import type { CreatorRequest } from "./creator.ts";
import { listenForGuest } from "./doorbell.ts";
import { executors } from "./executors.ts";
import { buildFakeLibkrun } from "./fake-libkrun.ts";
import { GONE_WITHIN_MS } from "./gone-within.ts";

describe.each(executors)("$name", (executor) => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
    await mkdir(join(directory, "root"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const traces = () => ({ log: { path: join(directory, "log") }, exitPath: join(directory, "exit.json") });

  /** Starts a VM that runs for ever from a process of its own, and waits until it does. */
  async function startCreator(detached: boolean, doorbellPath: string) {
    const libraries = await buildFakeLibkrun(directory);
    const request: CreatorRequest = {
      spec: {
        vcpus: 1,
        memoryMib: 128,
        root: { path: join(directory, "root") },
        init: { path: "/run" },
        vsockPorts: [
          { port: 1, socketPath: join(directory, "agent.sock"), direction: "host-connects" },
          { port: 2, socketPath: doorbellPath, direction: "guest-connects" },
        ],
      },
      options: { statePath: join(directory, "vm.json"), ...traces(), libraries, ...executor.options, detached },
    };
    const creator = spawn(process.execPath, [join(import.meta.dirname, "creator.ts"), JSON.stringify(request)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: creator.stdout });
    const [line] = await once(lines, "line");
    return { creator, identity: JSON.parse(line) as ProcessIdentity };
  }

  /** Waits for a file without asking again and again. */
  async function appears(name: string): Promise<void> {
    const events = watch(directory);
    if ((await readdir(directory)).includes(name)) return;
    for await (const { filename } of events) if (filename === name) return;
  }

  test("a VM ends with its creator, even when that is killed, and its end is recorded", async () => {
    await using doorbell = await listenForGuest(join(directory, "boot.sock"));
    const recorded = appears("exit.json");
    const { creator, identity } = await startCreator(false, doorbell.path);
    const vm = await attachVm({ statePath: join(directory, "vm.json"), ...traces() });
    expect(isAlive(identity)).toBe(true);
    const start = performance.now();
    creator.kill("SIGKILL");
    // The kernel's word that neither of the two holds their FIFO any more (docs/decisions/0012).
    await vm.exited;
    expect(performance.now() - start).toBeLessThan(GONE_WITHIN_MS);
    await doorbell.gone;
    await recorded;
    expect(JSON.parse(await readFile(join(directory, "exit.json"), "utf8"))).toMatchObject({
      code: null,
      signal: 9,
      cause: "creator",
    });
  });

  test("a detached VM outlives its creator, which does not wait for it, and is ended by its identity", async () => {
    await using doorbell = await listenForGuest(join(directory, "boot.sock"));
    const recorded = appears("exit.json");
    const { creator, identity } = await startCreator(true, doorbell.path);
    await once(creator, "close");
    expect(creator.exitCode).toBe(0);
    expect(isAlive(identity)).toBe(true);
    process.kill(identity.pid, "SIGTERM");
    await doorbell.gone;
    await recorded;
  });

  test("when vm-host itself is killed, the VM goes with it and its socket is removed", async () => {
    await using doorbell = await listenForGuest(join(directory, "boot.sock"));
    await using vm = await launchVm(
      {
        vcpus: 1,
        memoryMib: 128,
        root: { path: join(directory, "root") },
        init: { path: "/run" },
        vsockPorts: [
          { port: 1, socketPath: join(directory, "agent.sock"), direction: "host-connects" },
          { port: 2, socketPath: doorbell.path, direction: "guest-connects" },
        ],
      },
      {
        log: { path: join(directory, "log") },
        exitPath: join(directory, "exit.json"),
        libraries: await buildFakeLibkrun(directory),
        ...executor.options,
      },
    );
    process.kill(vm.identity.pid, "SIGKILL");
    expect(await vm.exited).toMatchObject({
      cause: "monitor",
      signal: "SIGKILL",
      meaning: "vm-host was ended by SIGKILL",
    });
    await doorbell.gone;
    expect(await readdir(directory)).not.toContain("agent.sock");
  });
});
