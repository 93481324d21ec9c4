import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, unlinkSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Digest } from "@a3s/core";
import { expect, test } from "vitest";
import { leaseRoot } from "../src/ensure-root.ts";
import type { EnsuredRoot } from "../src/store/stored-root.ts";
import { dir, file, hard, link } from "./fixture/entries.ts";
import { plain, Scratch } from "./fixture/scratch.ts";

const MINUTE = 60_000;

/** Says that a root was last used so long ago. */
function usedAgo({ path }: EnsuredRoot, ms: number): void {
  const time = new Date(Date.now() - ms);
  utimesSync(join(dirname(path), "record.json"), time, time);
}

/** Roots of 100 000 bytes and more, the first not used for the longest time. */
async function threeRoots(scratch: Scratch): Promise<readonly [EnsuredRoot, EnsuredRoot, EnsuredRoot]> {
  const [one, two, three] = ["one", "two", "three"].map((name) => plain([file(name, name.repeat(40_000))]));
  if (one === undefined || two === undefined || three === undefined) throw new Error("unreachable");
  const roots = [await scratch.apply(one), await scratch.apply(two), await scratch.apply(three)] as const;
  for (const [index, root] of roots.entries()) usedAgo(root, (10 - index) * MINUTE);
  return roots;
}

async function left({ store }: Scratch): Promise<readonly Digest[]> {
  return (await store.list()).toSorted((a, b) => (a.lastUsedAt < b.lastUsedAt ? -1 : 1)).map(({ chainId }) => chainId);
}

test("the size of a root is what du counts", async () => {
  await using scratch = await Scratch.create();
  const root = await scratch.apply(
    plain([
      dir("etc"),
      file("etc/small", "x"),
      file("large", "y".repeat(300_000)),
      hard("large2", "large"),
      hard("etc/large3", "large"),
      link("link", "etc/small"),
      link("long", `/${"x".repeat(900)}`),
      { type: "fifo", path: "fifo" },
    ]),
  );
  const du = execFileSync("du", ["-s", "--block-size=1", root.path], { encoding: "utf8" });
  expect(root.diskBytes).toBe(Number(du.split("\t")[0]));
  expect(await scratch.store.usage()).toEqual({ roots: 1, diskBytes: root.diskBytes, leasedBytes: 0, damaged: [] });
});

test("pruning by size removes the least recently used and says what that freed", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const [one, two, three] = await threeRoots(scratch);
  const diskBytes = one.diskBytes + two.diskBytes + three.diskBytes;
  expect(await store.prune({ maxBytes: diskBytes })).toEqual({ removed: [], freedBytes: 0, keptBytes: diskBytes });
  expect(await store.prune()).toMatchObject({ removed: [] });
  expect(await store.prune({ maxBytes: diskBytes - 1 })).toEqual({
    removed: [{ chainId: one.chainId, diskBytes: one.diskBytes }],
    freedBytes: one.diskBytes,
    keptBytes: two.diskBytes + three.diskBytes,
  });
  expect(existsSync(dirname(one.path))).toBe(false);
  expect(await left(scratch)).toEqual([two.chainId, three.chainId]);
  await scratch.expectUntouched();
});

test("finding a root, or holding it, is using it", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const [one, two, three] = await threeRoots(scratch);
  expect(await scratch.apply(plain([file("one", "one".repeat(40_000))]))).toMatchObject({ found: true });
  const lease = await store.lease(two.chainId);
  usedAgo(two, 20 * MINUTE);
  await lease[Symbol.asyncDispose]();
  expect(await store.prune({ unusedForMs: MINUTE })).toMatchObject({ removed: [{ chainId: three.chainId }] });
  expect(await left(scratch)).toEqual([one.chainId, two.chainId]);
});

test("a root that this or another process holds stays, and is counted", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const [one, two, three] = await threeRoots(scratch);
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("hold-root.ts", import.meta.url)), store.directory, one.chainId],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  await once(child.stdout, "data");
  {
    await using _lease = await store.lease(two.chainId);
    await using _again = await store.lease(two.chainId);
    expect(await store.usage()).toMatchObject({ leasedBytes: one.diskBytes + two.diskBytes });
    const leases = new Map((await store.list()).map((root) => [root.chainId, root.leases]));
    expect([one, two, three].map(({ chainId }) => leases.get(chainId))).toEqual([1, 2, 0]);
    expect(await store.prune({ maxBytes: 0 })).toMatchObject({ removed: [{ chainId: three.chainId }] });
  }
  expect(await store.prune({ maxBytes: 0 })).toMatchObject({ removed: [{ chainId: two.chainId }] });
  child.kill("SIGKILL");
  await once(child, "close");
  expect(await store.prune({ maxBytes: 0 })).toMatchObject({ removed: [{ chainId: one.chainId }], keptBytes: 0 });
  await scratch.expectUntouched();
});

test("damaged roots go first, without any bound, unless somebody holds them", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const [one, two, three] = await threeRoots(scratch);
  {
    await using _lease = await store.lease(two.chainId);
    unlinkSync(join(one.path, "one"));
    unlinkSync(join(two.path, "two"));
    expect((await store.verify("all")).damaged.length).toBe(2);
    expect(await store.prune()).toMatchObject({ removed: [{ chainId: one.chainId, diskBytes: 0 }] });
    expect((await store.usage()).damaged).toEqual([two.chainId]);
  }
  expect(await store.prune()).toMatchObject({ removed: [{ chainId: two.chainId }] });
  expect(await left(scratch)).toEqual([three.chainId]);
});

test("an abort before anything is chosen removes nothing", async () => {
  await using scratch = await Scratch.create();
  await threeRoots(scratch);
  await expect(scratch.store.prune({ maxBytes: 0, signal: AbortSignal.abort() })).rejects.toThrow("aborted");
  expect((await scratch.store.list()).length).toBe(3);
});

test("a root that is prepared and held cannot go in between", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const layers = await scratch.layers(plain([file("a")]));
  for (let round = 0; round < 10; round++) {
    const [root] = await Promise.all([leaseRoot({ store, layers }), store.prune({ maxBytes: 0 })]);
    expect(existsSync(join(root.path, "a"))).toBe(true);
    expect(await store.prune({ maxBytes: 0 })).toMatchObject({ removed: [] });
    await root[Symbol.asyncDispose]();
  }
});
