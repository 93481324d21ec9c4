import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Random } from "@a3s/testing";
import { expect, test } from "vitest";
import { chainIdOf } from "../src/chain/chain-id.ts";
import { ensureRoot } from "../src/ensure-root.ts";
import type { LayerSource } from "../src/layer/layer-source.ts";
import { LowerStore } from "../src/store/lower-store.ts";
import { file } from "./fixture/entries.ts";
import { startChild } from "./fixture/run-child.ts";
import { plain, Scratch } from "./fixture/scratch.ts";

const soak = process.env["A3S_SOAK"] === "1";

/** Another process in the middle of building a root, which stays there until it is killed or the layer is written. */
async function halfBuilt(scratch: Scratch) {
  const layers = await scratch.layers(plain([file("first", "x".repeat(100_000))]), plain([file("second")]));
  const [first, second] = layers as [LayerSource, LayerSource];
  const fifo = join(dirname(first.path), "fifo");
  execFileSync("mkfifo", [fifo]);
  const child = startChild({ store: scratch.store.directory, layers: [first, { ...second, path: fifo }] });
  // A writer can open a FIFO only when a reader has: then the first layer is applied.
  const writer = await open(fifo, "w");
  return { child, writer, layers, chainId: chainIdOf(layers.map(({ diffId }) => diffId)) };
}

/** Lets everything happen that is not waiting for another process. */
async function settle(store: LowerStore): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await readdir(store.directory);
}

test("a root that another process builds is waited for, and found", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const { child, writer, layers } = await halfBuilt(scratch);
  const staging = join(store.directory, ".staging");
  const waiting = ensureRoot({ store, layers });
  await settle(store);
  // This process has begun nothing of its own.
  expect((await readdir(staging)).length).toBe(1);
  await writer.writeFile(execFileSync("cat", [layers[1]?.path ?? ""]));
  await writer.close();
  const [[code]] = await Promise.all([once(child, "exit")]);
  expect(code).toBe(0);
  expect(await waiting).toMatchObject({ found: true });
  await scratch.expectUntouched();
});

test("a wait for another process ends with its signal, and leaves that process alone", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const { child, writer, layers, chainId } = await halfBuilt(scratch);
  await using _writer = writer;
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = ensureRoot({ store, layers, signal: controller.signal });
  await settle(store);
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(child.exitCode).toBeNull();

  // Nor does anything else disturb what is being built.
  expect(await store.prune({ maxBytes: 0, unusedForMs: 0 })).toMatchObject({ removed: [] });
  expect(await store.remove(chainId)).toBe(false);
  await LowerStore.open(store.directory);
  expect((await readdir(join(store.directory, ".staging"))).length).toBe(1);
  child.kill("SIGKILL");
  await once(child, "exit");
});

test("who waits for a process that is killed builds the root itself", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const { child, writer, layers } = await halfBuilt(scratch);
  await using _writer = writer;
  const waiting = ensureRoot({ store, layers });
  await settle(store);
  child.kill("SIGKILL");
  const root = await waiting;
  expect(root.found).toBe(false);
  expect(existsSync(join(root.path, "second"))).toBe(true);
  await LowerStore.open(store.directory);
  await scratch.expectUntouched();
});

test("processes that build, hold, prune and verify at the same time never see a root that is not whole", {
  timeout: soak ? 600_000 : 60_000,
}, async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const random = Random.fromEnvironment();
  const files = Array.from({ length: 100 }, (_, number) => `file${number}`);
  const [base, ...tops] = await scratch.layers(
    ...["0", "1", "2"].map((content) => plain(files.map((name) => file(name, content)))),
  );
  // The second and the third are built upon a copy of the first when that is there.
  const images = [[base], ...tops.map((top) => [base, top])];
  const use = async () => {
    const rounds = soak ? "300" : "25";
    const seed = `${Math.floor(random.next() * 2 ** 31)}`;
    const program = fileURLToPath(new URL("use-roots.ts", import.meta.url));
    const child = spawn(process.execPath, [program, store.directory, JSON.stringify(images), seed, rounds], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const [errors, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
    return { code, errors };
  };
  const outcomes = await Promise.all([use(), use(), use(), use()]);
  expect(outcomes).toEqual(outcomes.map(() => ({ code: 0, errors: "" })));
  expect((await store.verify("all")).damaged).toEqual([]);
  expect((await store.list()).filter(({ leases }) => leases > 0)).toEqual([]);
  expect(await readdir(join(store.directory, ".locks"))).toEqual([]);
  await scratch.expectUntouched();
});
