import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Random, type TarEntry, writeTestLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { chainIdOf } from "../src/chain/chain-id.ts";
import { ensureRoot } from "../src/ensure-root.ts";
import type { LayerSource } from "../src/layer/layer-source.ts";
import { removeTree } from "../src/root/remove-tree.ts";
import { LowerStore } from "../src/store/lower-store.ts";
import { dir, file, gone, hard, link } from "./fixture/entries.ts";
import { rot } from "./fixture/rot.ts";
import { plain } from "./fixture/scratch.ts";

const program = fileURLToPath(new URL("build-root.ts", import.meta.url));
const rounds = process.env["A3S_SOAK"] === "1" ? 500 : 50;

/** About 2000 files, with some of what layers do to each other. */
const image = Array.from({ length: 4 }, (_, layer) => {
  const below = (entry: string) => `dir${layer}/${entry}`;
  const files = Array.from({ length: 500 }, (_, index) => file(below(`file${index}`), `${index}`.repeat(index % 97)));
  const more: readonly TarEntry[] = [dir(below("shut"), { mode: 0o500 }), link(below("link"), "file1")];
  const changes = layer === 0 ? [] : [gone(`dir${layer - 1}/file7`), hard(below("hard"), `dir${layer - 1}/file8`)];
  return plain([...files, ...more, ...changes]);
});

/** When a build is killed: so long after it is ready, or after a file of its root appears or changes. */
interface Moment {
  readonly after: "ready" | "manifest.jsonl" | "record.json";
  readonly delayMs: number;
}

/** Starts a build, and kills it unless it is done by then. @returns milliseconds from its being ready to its end. */
async function killBuild(store: LowerStore, layers: readonly LayerSource[], moment?: Moment): Promise<number> {
  // Compiled once: most of what a short process does is to compile.
  const env = { ...process.env, NODE_COMPILE_CACHE: `${store.directory}-compiled` };
  const child = spawn(process.execPath, [program, store.directory, JSON.stringify(layers)], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const kill = () => setTimeout(() => child.kill("SIGKILL"), moment?.delayMs);
  using _watch = moment !== undefined && moment.after !== "ready" ? onFile(store, moment.after, kill) : undefined;
  let start = 0;
  for await (const line of createInterface(child.stdout)) {
    if (line !== "ready") continue;
    start = performance.now();
    if (moment?.after === "ready") kill();
  }
  const tookMs = performance.now() - start;
  expect([
    [null, "SIGKILL"],
    [0, null],
  ]).toContainEqual(await closed);
  return tookMs;
}

/** Calls back when the next directory that is staged gets a file of a name, or of one that begins so. */
function onFile(store: LowerStore, name: string, callback: () => void): Disposable {
  const staging = join(store.directory, ".staging");
  const watchers: FSWatcher[] = [];
  let open = (): void => {};
  const notice = (_event: string, file: string | null) => {
    if (!file?.startsWith(name)) return;
    callback();
    open = callback = () => {};
  };
  open = () => {
    const [directory] = readdirSync(staging);
    // It may be gone by now.
    if (directory !== undefined) watchers.push(watch(join(staging, directory), notice).on("error", () => {}));
    open = () => {};
  };
  watchers.push(watch(staging, () => open()));
  return { [Symbol.dispose]: () => watchers.forEach((watcher) => void watcher.close()) };
}

/** Half of the moments are spread over a whole build; half follow closely on something near its end, where most can go wrong. */
function pickMoment(random: Random, durationMs: number): Moment {
  const after =
    (["ready", "ready", "manifest.jsonl", "record.json"] as const)[Math.floor(random.next() * 4)] ?? "ready";
  return { after, delayMs: random.next() * (after === "ready" ? durationMs : 20) };
}

/** How far the killed process had come, from what it left. */
function phaseOf({ directory }: LowerStore): string {
  const left = readdirSync(join(directory, ".staging")).map((name) => join(directory, ".staging", name));
  const building = left.find((path) => !existsSync(join(path, "damaged.json")));
  if (building === undefined) return left.length > 0 ? "replaced" : entriesOf(directory).length > 0 ? "done" : "begin";
  const has = (name: string) => existsSync(join(building, name));
  if (has("record.json")) return "recorded";
  if (has("manifest.jsonl") && statSync(join(building, "manifest.jsonl")).size > 0) return "described";
  return has("root") ? `layer ${readdirSync(join(building, "root")).length}` : "staging";
}

function entriesOf(directory: string): readonly string[] {
  return readdirSync(directory).filter((name) => name.startsWith("sha256-"));
}

/** Kills builds in a store of its own, and looks each time. @returns how often which phase was met. */
async function killOften(random: Random, times: number): Promise<readonly string[]> {
  // A kill loses nothing that was written, to disk or not, so a disk would only cost time.
  const directory = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "a3s-rootfs-"));
  await using _directory = { [Symbol.asyncDispose]: () => removeTree(directory) };
  const layers = await Promise.all(image.map((layer) => writeTestLayer(join(directory, "blobs"), layer)));
  const chainId = chainIdOf(layers.map(({ diffId }) => diffId));
  let store = await LowerStore.open(join(directory, "rootfs"));
  await killBuild(store, layers);
  let durationMs = 500;
  const phases: string[] = [];
  for (let round = 0; round < times; round++) {
    const root = await store.get(chainId);
    // The next one builds anew, or in the place of a damaged root.
    if (root !== undefined && random.next() < 0.5) {
      rot(join(root.path, "dir2/file99"));
      expect((await store.verify(chainId)).damaged.length).toBe(1);
    } else await store.remove(chainId);
    const tookMs = await killBuild(store, layers, pickMoment(random, durationMs));
    phases.push(phaseOf(store));
    // How fast the machine is changes all the time.
    durationMs = phases.at(-1)?.startsWith("layer") ? durationMs * 1.1 : (durationMs + tookMs) / 2;

    store = await LowerStore.open(store.directory);
    const visible = await store.has(chainId);
    const damaged = visible ? 0 : entriesOf(store.directory).length;
    expect((await store.verify("all")).damaged.length).toBe(damaged);
    expect(await store.has(chainId)).toBe(visible);
    expect(readdirSync(join(store.directory, ".staging"))).toEqual([]);
    expect(readdirSync(join(store.directory, ".locks"))).toEqual([]);
  }
  expect(await ensureRoot({ store, layers })).toMatchObject({ chainId });
  expect(await store.verify("all")).toMatchObject({ roots: 1, damaged: [] });
  const names = readdirSync(store.directory).toSorted();
  expect(names).toEqual([".leases", ".locks", ".staging", chainId.replace(":", "-"), "store.lock"]);
  return phases;
}

test(`a build that is killed at any of ${rounds} moments leaves no root that only seems whole`, {
  timeout: rounds * 3000,
}, async () => {
  const random = Random.fromEnvironment();
  const lanes = [random, new Random(random.next() * 2 ** 31)];
  const met = (await Promise.all(lanes.map((lane) => killOften(lane, rounds / lanes.length)))).flat();
  const phases = [...new Set(met)].map((phase) => `${phase} ${met.filter((one) => one === phase).length}`);
  console.log(`Killed in: ${phases.join(", ")}`);
  expect(phases.length).toBeGreaterThan(3);
});
