import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LaunchOptions, type LibkrunFiles, launchVm, nodeVmHost, type VmSpec } from "../src/index.ts";
import { buildFakeLibkrun } from "./fake-libkrun.ts";

/** What the vm-host for Node.js refuses, where the native one would do it, or refuses by code of its own. */
let directory: string;
let libraries: LibkrunFiles;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
  libraries = await buildFakeLibkrun(directory);
  await mkdir(join(directory, "root"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const launch = (more: Partial<VmSpec>, options: Partial<LaunchOptions> = {}) =>
  launchVm(
    { vcpus: 1, memoryMib: 128, root: { path: join(directory, "root") }, init: { path: "/run" }, ...more },
    {
      log: { path: join(directory, "log") },
      exitPath: join(directory, "exit.json"),
      libraries,
      vmHost: nodeVmHost(),
      jail: "best-effort",
      ...options,
    },
  );

test.each<[string, string, () => Parameters<typeof launch>]>([
  ["a jail that is required", "user-namespace", () => [{}, { jail: "required" }]],
  ["limits of the whole VM", "cgroup", () => [{ limits: { cpus: 1 } }]],
  [
    "a share that is composed",
    "private-tree",
    () => [{ shares: [{ tag: "t", entries: [{ name: "n", path: directory, readOnly: false }] }] }],
  ],
])("%s fails the start, and says which measure is missing", async (_, what, request) => {
  await expect(launch(...request())).rejects.toMatchObject({
    code: "VM_START_FAILED",
    details: { failure: { stage: "jail", what } },
  });
});

/** A specification that would be taken, but for the change. */
function request(change: (request: Record<string, unknown>) => void): string {
  const good = {
    version: 1,
    libkrun: libraries.libkrun,
    libkrunfw: null,
    calls: [{ fn: "krun_create_ctx", args: [], save: "ctx" }],
    jail: { mode: "best-effort", readOnly: [], tree: [], network: "isolated", limits: null },
    log: { path: join(directory, "hostile/log"), maxBytes: 131_072, files: 2 },
    exitPath: join(directory, "hostile/exit.json"),
    statePath: null,
    remove: [],
    detached: false,
  };
  change(good);
  return JSON.stringify(good);
}

const calls = (...list: unknown[]) => request((good) => Object.assign(good, { calls: list }));

test.each<[string, string, () => string]>([
  ["no JSON", "spec", () => "{"],
  ["more than 1 MiB", "spec", () => "x".repeat((1 << 20) + 1)],
  ["an unknown field", "surprise", () => request((good) => Object.assign(good, { surprise: 1 }))],
  ["another version", "version", () => request((good) => Object.assign(good, { version: 2 }))],
  ["a relative path", "exitPath", () => request((good) => Object.assign(good, { exitPath: "exit.json" }))],
  ["no call", "calls", () => calls()],
  ["a function of another library", "calls", () => calls({ fn: "system", args: [] })],
  ["a function that libkrun has not", "calls", () => calls({ fn: "krun_format_disk", args: [] })],
  ["too few arguments", "calls", () => calls({ fn: "krun_set_root", args: [{ ref: "ctx" }] })],
  ["a pointer for a number", "calls", () => calls({ fn: "krun_free_ctx", args: [{ str: "x" }] })],
  [
    "NULL where none is allowed",
    "calls",
    () => calls({ fn: "krun_set_workdir", args: [{ ref: "ctx" }, { str: null }] }),
  ],
  ["a number that is too large", "calls.0.args.0", () => calls({ fn: "krun_free_ctx", args: [{ u8: 256 }] })],
  ["a NUL byte", "calls.0.args.1", () => calls({ fn: "krun_set_workdir", args: [{ ref: "ctx" }, { str: "a\0b" }] })],
  [
    "a fallback elsewhere",
    "calls",
    () => calls({ fn: "krun_create_ctx", args: [], fallback: { fn: "exit", args: [] } }),
  ],
])("a specification with %s is refused, and nothing is written", async (_, what, line) => {
  await mkdir(join(directory, "hostile"), { recursive: true });
  const child = spawn(process.execPath, [nodeVmHost(), "run"], { stdio: ["ignore", "ignore", "pipe", "pipe"] });
  const stderr = text(child.stderr as Duplex);
  const lifeline = child.stdio[3] as Duplex;
  lifeline.on("error", () => {});
  lifeline.write(`${line()}\n`);
  const [code] = await once(child, "close");
  expect(code).toBe(70);
  expect(JSON.parse(await stderr)).toMatchObject({ stage: "spec", what: expect.stringContaining(what) });
  expect(await readdir(join(directory, "hostile"))).toEqual([]);
});
