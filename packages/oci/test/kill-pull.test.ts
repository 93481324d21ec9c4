import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Random, startTestRegistry, type TestRegistry, testImage, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { pull } from "../src/pull/pull.ts";
import type { PullEvent } from "../src/pull/pull-event.ts";
import type { ImageStore } from "../src/store/image-store.ts";
import { type Scratch, scratch } from "./scratch.ts";

const run = promisify(execFile);
const program = fileURLToPath(new URL("pull-image.ts", import.meta.url));

const soak = process.env["A3S_SOAK"] === "1";
const rounds = soak ? 500 : 50;
const MIB = 1024 * 1024;

/** 24 MiB that no compression makes smaller. */
const image = testImage({
  layers: Array.from({ length: 6 }, () => testLayer(randomBytes(4 * MIB), { compression: "none" })),
});
const totalBytes = [...image.blobs.values()].reduce((sum, { length }) => sum + length, 0);

type Line = PullEvent | { readonly type: "ready" };

interface PullingProcess {
  readonly child: ChildProcessByStdio<null, Readable, null>;
  /** Until the process ends. */
  readonly lines: AsyncIterable<Line>;
}

function startPull(store: ImageStore, name: string): PullingProcess {
  // Compiled once: most of what a process does until its first request is to compile.
  const env = { ...process.env, NODE_COMPILE_CACHE: `${store.directory}-compiled` };
  const child = spawn(process.execPath, [program, store.directory, name], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = async function* () {
    for await (const line of createInterface(child.stdout)) yield JSON.parse(line) as Line;
  };
  return { child, lines: lines() };
}

/** Lets a pull run to its end. @returns its duration in milliseconds from its first line on. */
async function timePull(store: ImageStore, name: string): Promise<number> {
  const { lines } = startPull(store, name);
  let start = 0;
  for await (const { type } of lines) if (type === "ready") start = performance.now();
  return performance.now() - start;
}

/** A moment: so many milliseconds after the nth line of a type. */
interface Moment {
  readonly type: Line["type"];
  readonly nth: number;
  readonly delayMs: number;
}

/** What a pull says, in this order. */
const STEPS: readonly Line["type"][] = [
  "ready",
  "resolving",
  "manifest",
  "layer-progress",
  "layer-done",
  "verified",
  "done",
];

/** Every other moment follows closely on one of the steps, each in its turn; the rest are spread over the time of a whole pull. */
function momentOf(round: number, random: Random, durationMs: number): Moment {
  if (round % 2 === 0) return { type: "ready", nth: 1, delayMs: random.next() * durationMs };
  const type = STEPS[(round >> 1) % STEPS.length] ?? "ready";
  const nth = type.startsWith("layer") ? 1 + random.below(4) : 1;
  return { type, nth, delayMs: random.next() * 8 };
}

/** Kills a pull at a moment, if it comes to it. @returns whether it was killed. */
async function killPull(store: ImageStore, name: string, { type, nth, delayMs }: Moment): Promise<boolean> {
  const { child, lines } = startPull(store, name);
  const ended = once(child, "exit");
  let seen = 0;
  for await (const line of lines) {
    if (line.type === type && ++seen === nth) setTimeout(() => child.kill("SIGKILL"), delayMs);
  }
  const [code, signal] = await ended;
  expect(signal ?? code).toBe(signal === null ? 0 : "SIGKILL");
  return signal === "SIGKILL";
}

/** Whatever a killed process has left, the store is whole: nothing damaged, nothing promised that is not there. */
async function expectWhole(files: Scratch): Promise<ImageStore> {
  const store = await files.store();
  expect(await store.verify()).toMatchObject({ corrupt: [], missing: [] });
  const index = JSON.parse(await readFile(files.path("store", "index.json"), "utf8"));
  const names = (await store.list()).map(({ reference }) => reference);
  expect(index.manifests.length).toBe(names.length);
  for (const name of names) {
    const stored = `oci:${store.directory}:${name}`;
    await run("skopeo", ["--insecure-policy", "inspect", stored]);
    await run("skopeo", ["--insecure-policy", "copy", "--quiet", stored, `dir:${files.path("copied")}`]);
    await rm(files.path("copied"), { recursive: true });
  }
  const known = ["blobs", "index.json", "ingest", "leases", "oci-layout", "store.lock"];
  expect((await readdir(store.directory)).toSorted()).toEqual(known);
  return store;
}

async function forget(store: ImageStore, name: string): Promise<void> {
  await store.remove(name);
  await store.gc();
}

/** Slow enough that a kill meets every part of a pull. */
function startSlowRegistry(): Promise<TestRegistry> {
  return startTestRegistry({
    repositories: { "lib/a": { one: image } },
    faults: [{ kind: "blob", fault: { type: "throttle", bytesPerSecond: 32 * MIB } }],
  });
}

/** Bytes of blobs that were asked for. */
function fetchedBytes(requests: TestRegistry["requests"]): number {
  let bytes = 0;
  for (const { kind, path, headers } of requests) {
    const size = [...image.blobs].find(([digest]) => path.endsWith(digest))?.[1].length ?? 0;
    if (kind === "blob") bytes += size - Number(/^bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0);
  }
  return bytes;
}

test(`a pull that is killed at any of ${rounds} moments leaves a whole store`, { timeout: rounds * 4000 }, async () => {
  const random = Random.fromEnvironment();
  await using files = await scratch();
  await using registry = await startSlowRegistry();
  const name = `${registry.host}/lib/a:one`;
  let store = await files.store();
  const duration = await timePull(store, name);
  await forget(store, name);
  let killed = 0;
  let resumed = 0;
  for (let round = 0; round < rounds; round++) {
    if (await killPull(store, name, momentOf(round, random, duration))) killed++;
    store = await expectWhole(files);
    if ((await store.usage()).partialBytes > 0) resumed++;
    // Now and then from the start, so that the beginning is met as often as the end.
    if ((await store.resolve(name)) !== undefined || random.chance(0.3)) {
      await forget(store, name);
      await rm(files.path("store", "ingest"), { recursive: true });
      store = await files.store();
    }
  }
  expect(killed).toBeGreaterThan(rounds / 3);
  expect(resumed).toBeGreaterThan(rounds / 10);
});

test("the pull after a kill asks for what is missing only", async () => {
  await using files = await scratch();
  await using registry = await startSlowRegistry();
  const name = `${registry.host}/lib/a:one`;
  let store = await files.store();
  const { child, lines } = startPull(store, name);
  const ended = once(child, "exit");
  for await (const line of lines) if (line.type === "layer-progress" && line.received > 2 * MIB) child.kill("SIGKILL");
  expect(await ended).toEqual([null, "SIGKILL"]);
  store = await expectWhole(files);
  const { partialBytes } = await store.usage();
  expect(partialBytes).toBeGreaterThanOrEqual(MIB);
  const before = registry.requests.length;
  const pulled = await pull(name, { store });
  expect(pulled.layers.length).toBe(6);
  expect(fetchedBytes(registry.requests.slice(before))).toBeLessThanOrEqual(totalBytes - partialBytes);
  await expectWhole(files);
});
