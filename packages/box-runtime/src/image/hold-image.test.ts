import { rmSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { homeLayout } from "@a3s/core";
import { ImageStore, type PullEvent } from "@a3s/oci";
import { LowerStore, type RootEvent } from "@a3s/rootfs";
import { type FaultRule, startTestRegistry, testImage, testLayer } from "@a3s/testing";
import { expect, onTestFinished, test } from "vitest";
import { type HoldImageOptions, holdImage } from "./hold-image.ts";
import { HomeStores } from "./home-stores.ts";

const [low, high] = ["low", "high"].map((content) => testLayer([{ type: "file", path: content, content }])) as [
  ReturnType<typeof testLayer>,
  ReturnType<typeof testLayer>,
];
const image = testImage({ layers: [low, high] });

async function setting(faults: readonly FaultRule[] = []) {
  const directory = await mkdtemp(join(tmpdir(), "a3s-hold-image-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const registry = await startTestRegistry({ repositories: { a: { one: image } }, faults });
  onTestFinished(() => registry[Symbol.asyncDispose]());
  const home = homeLayout(directory);
  const stores = new HomeStores(home);
  const events: (PullEvent | RootEvent)["type"][] = [];
  const hold = (options: Partial<HoldImageOptions> = {}) =>
    holdImage(`${registry.host}/a:one`, {
      stores,
      pull: {},
      policy: "missing",
      platform: undefined,
      signal: new AbortController().signal,
      onPull: () => {},
      onRoot: ({ type }) => events.push(type),
      onImage: () => events.push("verified"),
      ...options,
    });
  const roots = async () => (await LowerStore.open(home.rootfs)).list();
  return { home, hold, events, roots };
}

/** Keeps the upper layer back until it is told to let go of it. */
function keepBack() {
  const release = Promise.withResolvers<void>();
  const fault: FaultRule = {
    kind: "blob",
    path: new RegExp(high.digest),
    fault: {
      type: "handler",
      handle: (_request, response) => void release.promise.then(() => response.end(high.bytes)),
    },
  };
  return { fault, letGo: () => release.resolve() };
}

test("the lower layers of an image are applied while the upper ones come in", async () => {
  const { fault, letGo } = keepBack();
  const { hold, events } = await setting([fault]);
  await using held = await hold({
    onRoot: ({ type }) => {
      events.push(type);
      // Without overlap the pull would wait for this for ever.
      if (type === "layer-done") letGo();
    },
  });
  expect(events.indexOf("layer-done")).toBeLessThan(events.indexOf("verified"));
  expect(await readdir(held.root)).toEqual(["high", "low"]);
});

test("an image and its root stay while they are held, and may go then", async () => {
  const { home, hold, roots } = await setting();
  const held = await hold();
  const images = await ImageStore.open(home.images);
  const prune = async () => (await (await LowerStore.open(home.rootfs)).prune({ maxBytes: 0 })).removed.length;
  await images.evict({ maxBytes: 1 });
  expect([(await images.list()).length, await prune()]).toEqual([1, 0]);
  await held[Symbol.asyncDispose]();
  await images.evict({ maxBytes: 1 });
  expect([(await images.list()).length, await prune(), (await roots()).length]).toEqual([0, 1, 0]);
});

test("a pull that is aborted while layers are applied leaves no root and nothing that runs", async () => {
  const { fault } = keepBack();
  const { home, hold, roots } = await setting([fault]);
  const controller = new AbortController();
  const reason = new Error("enough");
  const onRoot = ({ type }: RootEvent) => {
    if (type === "layer-done") controller.abort(reason);
  };
  await expect(hold({ signal: controller.signal, onRoot })).rejects.toBe(reason);
  expect(await roots()).toEqual([]);
  expect(await readdir(join(home.rootfs, ".staging"))).toEqual([]);
});

test("a pull that fails takes the root that was being built with it", async () => {
  const missing: FaultRule = { kind: "blob", path: new RegExp(high.digest), fault: { type: "status", status: 404 } };
  const { home, hold, roots } = await setting([missing]);
  await expect(hold()).rejects.toMatchObject({ code: "BLOB_NOT_FOUND" });
  expect(await roots()).toEqual([]);
  expect(await readdir(join(home.rootfs, ".staging"))).toEqual([]);
});

test("of two boxes that start from the same image, the end of one does not touch the other", async () => {
  const { fault, letGo } = keepBack();
  const { hold } = await setting([fault]);
  const controller = new AbortController();
  const reason = new Error("enough");
  const first = hold({
    signal: controller.signal,
    onRoot: ({ type }) => {
      if (type !== "layer-done") return;
      controller.abort(reason);
      letGo();
    },
  });
  const second = hold();
  await expect(first).rejects.toBe(reason);
  await using held = await second;
  expect(await readdir(held.root)).toEqual(["high", "low"]);
});

test("an image that is removed before it is held is pulled again", async () => {
  const { hold } = await setting();
  let pulls = 0;
  const onPull = (event: PullEvent) => {
    if (event.type === "done" && pulls++ === 0) for (const { path } of event.image.layers) rmSync(path);
  };
  await using held = await hold({ onPull });
  expect(pulls).toBe(2);
  expect(await readdir(held.root)).toEqual(["high", "low"]);
});
