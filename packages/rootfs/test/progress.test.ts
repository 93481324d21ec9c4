import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ensureRoot, leaseRoot } from "../src/ensure-root.ts";
import type { RootEvent } from "../src/root-event.ts";
import { file } from "./fixture/entries.ts";
import { plain, Scratch } from "./fixture/scratch.ts";

const big = "x".repeat(1 << 20);

test("events say what is applied, from a base on, and end with the root", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const [one, two, three] = await scratch.layers(plain([file("a", big)]), plain([file("b", big)]), plain([file("c")]));
  if (one === undefined || two === undefined || three === undefined) throw new Error("three layers were written");
  await ensureRoot({ store, layers: [one] });

  const seen: RootEvent[] = [];
  const operation = ensureRoot({ store, layers: [one, two, three], onProgress: (event) => seen.push(event) });
  const root = await operation;
  const events = await Array.fromAsync(operation);
  expect(events).toEqual(seen);
  expect(events.filter(({ type }) => type !== "layer-progress")).toEqual([
    { type: "base", layers: 1 },
    { type: "layer-done", layer: 1, digest: two.digest },
    { type: "layer-done", layer: 2, digest: three.digest },
    { type: "sealing" },
    { type: "done", root },
  ]);
  const progress = events.filter((event) => event.type === "layer-progress");
  expect(progress.length).toBeGreaterThan(1);
  // A tar archive of one file: its header, its content and the end.
  const size = 512 + big.length + 1024;
  for (const event of progress) expect(event).toMatchObject({ layer: 1, digest: two.digest, size });
  const reads = progress.map(({ read }) => read);
  expect(reads).toEqual([...new Set(reads)].toSorted((a, b) => a - b));
  expect(reads.at(-1)).toBeLessThanOrEqual(size);
});

test("a root that is there has one event, also when it is held", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const layers = await scratch.layers(plain([file("a")]));
  const built = await ensureRoot({ store, layers });
  const found = { ...built, found: true };
  expect(await Array.fromAsync(ensureRoot({ store, layers }))).toEqual([{ type: "done", root: found }]);
  const leasing = leaseRoot({ store, layers });
  await using _held = await leasing;
  expect(await Array.fromAsync(leasing)).toEqual([{ type: "done", root: found }]);
});

test("whoever waits for the same build is told of the rest of it", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const coming = Promise.withResolvers<void>();
  const layers = (await scratch.layers(plain([file("a")]))).map((layer) => ({ ...layer, arrival: coming.promise }));
  const both = [ensureRoot({ store, layers }), ensureRoot({ store, layers })];
  coming.resolve();
  for (const operation of both) {
    const types = (await Array.fromAsync(operation)).map(({ type }) => type);
    expect(types).toEqual(["layer-done", "sealing", "done"]);
  }
});

test("lower layers are applied while higher ones come in", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const [one, two] = await scratch.layers(plain([file("a")]), plain([file("b")]));
  if (one === undefined || two === undefined) throw new Error("two layers were written");
  const coming = Promise.withResolvers<void>();
  const building = ensureRoot({ store, layers: [one, { ...two, arrival: coming.promise }] });
  // Without overlap this event would wait for a layer that waits for it.
  await until(building, "layer-done");
  coming.resolve();
  const root = await building;
  expect(existsSync(join(root.path, "a")) && existsSync(join(root.path, "b"))).toBe(true);
});

test("a layer that does not come in ends the build with its reason and leaves nothing", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const [one, two] = await scratch.layers(plain([file("a")]), plain([file("b")]));
  if (one === undefined || two === undefined) throw new Error("two layers were written");
  const reason = new Error("the registry is gone");
  const coming = Promise.withResolvers<void>();
  const building = ensureRoot({ store, layers: [one, { ...two, arrival: coming.promise }] });
  await until(building, "layer-done");
  coming.reject(reason);
  await expect(building).rejects.toBe(reason);
  expect(await store.list()).toEqual([]);
  await scratch.expectUntouched();
});

test("an abort ends the wait for a layer, and leaves nothing", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const layers = await scratch.layers(plain([file("a")]));
  const controller = new AbortController();
  const never = layers.map((layer) => ({ ...layer, arrival: new Promise<void>(() => {}) }));
  const building = ensureRoot({ store, layers: never, signal: controller.signal });
  const reason = new Error("enough");
  setImmediate(() => controller.abort(reason));
  await expect(building).rejects.toBe(reason);
  await scratch.expectUntouched();
});

test("who joined a build whose layers did not come in builds with its own", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const [one, two] = await scratch.layers(plain([file("a")]), plain([file("b")]));
  if (one === undefined || two === undefined) throw new Error("two layers were written");
  const coming = Promise.withResolvers<void>();
  const first = ensureRoot({ store, layers: [one, { ...two, arrival: coming.promise }] });
  const second = ensureRoot({ store, layers: [one, two] });
  // Of the first one's work: the second has joined it.
  await until(second, "layer-done");
  const reason = new Error("the first one gave up");
  coming.reject(reason);
  await expect(first).rejects.toBe(reason);
  expect((await second).found).toBe(false);
});

test("a layer that does not come in matters to nobody who does not need it", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const layers = await scratch.layers(plain([file("a")]));
  await ensureRoot({ store, layers });
  const lost = layers.map((layer) => ({ ...layer, arrival: Promise.reject(new Error("lost")) }));
  expect((await ensureRoot({ store, layers: lost })).found).toBe(true);
});

async function until(events: AsyncIterable<RootEvent>, type: RootEvent["type"]): Promise<void> {
  for await (const event of events) if (event.type === type) return;
}
