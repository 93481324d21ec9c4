import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdir, open, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Digest, withFileLock } from "@a3s/core";
import { expect, test, vi } from "vitest";
import { file } from "../../test/fixture/entries.ts";
import { runChild, startChild } from "../../test/fixture/run-child.ts";
import { plain, Scratch } from "../../test/fixture/scratch.ts";
import { treeOf } from "../../test/fixture/tree.ts";
import { ensureRoot } from "../ensure-root.ts";
import { LowerStore } from "./lower-store.ts";

const ABSENT: Digest = `sha256:${"0".repeat(64)}`;
const big = plain([file("big", "x".repeat(20 << 20))]);

test("a root has a directory of its chain ID, with a manifest and a record, for its owner only", async () => {
  await using scratch = await Scratch.create();
  const layer = plain([file("a")]);
  const { found, ...root } = await scratch.apply(layer);
  const entry = dirname(root.path);
  expect(found).toBe(false);
  expect(entry).toBe(join(scratch.store.directory, layer.diffId.replace(":", "-")));
  expect((await readdir(entry)).toSorted()).toEqual(["manifest.jsonl", "record.json", "root", "unset.jsonl"]);
  expect([entry, scratch.store.directory].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700]);
  expect(await scratch.store.get(layer.diffId)).toEqual(root);
  expect(await scratch.store.list()).toMatchObject([{ ...root, leases: 0 }]);
  expect(root).toMatchObject({
    chainId: layer.diffId,
    layers: [{ digest: layer.digest, diffId: layer.diffId }],
    entries: 1,
    files: 2,
  });
});

test("opening ends with its signal, while another process has the store or what a dead one left is removed", async () => {
  await using scratch = await Scratch.create();
  const { directory } = scratch.store;
  const left = join(directory, ".staging", "left");
  for (let number = 0; number < 1500; number++) await mkdir(join(left, `${number}`), { recursive: true });
  const caller = new AbortController();
  const reason = new Error("enough");
  const opening = LowerStore.open(directory, { signal: caller.signal });
  setImmediate(() => caller.abort(reason));
  await expect(opening).rejects.toBe(reason);
  expect((await readdir(left)).length).toBeGreaterThan(0);
  await LowerStore.open(directory);
  expect(await readdir(join(directory, ".staging"))).toEqual([]);

  await withFileLock(join(directory, "store.lock"), undefined, async () => {
    await expect(LowerStore.open(directory, { signal: AbortSignal.timeout(50) })).rejects.toThrow(/timeout/);
  });
});

test("what is not there is undefined, and names that are no chain ID are no roots", async () => {
  await using scratch = await Scratch.create();
  await mkdir(join(scratch.store.directory, "sha256-short"));
  expect(await scratch.store.get(ABSENT)).toBeUndefined();
  expect(await scratch.store.has(ABSENT)).toBe(false);
  expect(await scratch.store.remove(ABSENT)).toBe(false);
  expect(await scratch.store.list()).toEqual([]);
  await expect(scratch.store.get("sha256:../../x" as Digest)).rejects.toMatchObject({ code: "DIGEST_INVALID" });
});

test("a root without its record is none and is built again; one with a damaged record is an error until then", async () => {
  await using scratch = await Scratch.create();
  const layer = plain([file("a")]);
  const { path, chainId } = await scratch.apply(layer);
  const record = join(dirname(path), "record.json");
  await rm(record);
  await writeFile(join(path, "half"), "");
  expect(await scratch.store.has(chainId)).toBe(false);
  expect(await scratch.apply(layer)).toMatchObject({ found: false });
  expect(treeOf(path)).toEqual({ a: "= 1" });

  for (const damage of ["", "{", "{}", readFileSync(record, "utf8").replace(chainId, ABSENT)]) {
    await writeFile(record, damage);
    await expect(scratch.store.get(chainId)).rejects.toMatchObject({
      code: "STORE_CORRUPT",
      message: expect.stringContaining(record),
    });
    expect(await scratch.apply(layer)).toMatchObject({ found: false });
    expect(await scratch.store.has(chainId)).toBe(true);
  }
  await scratch.expectUntouched();
});

test("callers in one process share the work; one that gives up does not end it for the other", async () => {
  await using scratch = await Scratch.create();
  const layers = await scratch.layers(big);
  const leaver = new AbortController();
  const second = await LowerStore.open(scratch.store.directory);
  const left = ensureRoot({ store: scratch.store, layers, signal: leaver.signal });
  const stayed = Promise.all([ensureRoot({ store: second, layers }), ensureRoot({ store: scratch.store, layers })]);
  setImmediate(() => leaver.abort(new Error("left")));
  await expect(left).rejects.toThrow("left");
  const [one, other] = await stayed;
  expect(one).toEqual(other);
  expect(one?.found).toBe(false);
});

test("when all give up, nothing is left", async () => {
  await using scratch = await Scratch.create();
  const layers = await scratch.layers(big);
  const controller = new AbortController();
  const attempts = [1, 2].map(() => ensureRoot({ store: scratch.store, layers, signal: controller.signal }));
  setImmediate(() => controller.abort(new Error("enough")));
  for (const outcome of await Promise.allSettled(attempts))
    expect(outcome).toMatchObject({ reason: { message: "enough" } });
  // The last to leave waits for the cleaning up.
  await scratch.expectUntouched();
  expect(await scratch.store.list()).toEqual([]);
  await expect(ensureRoot({ store: scratch.store, layers, signal: AbortSignal.abort() })).rejects.toThrow("aborted");
  expect(await ensureRoot({ store: scratch.store, layers })).toMatchObject({ found: false });
});

test("of processes that want the same root one builds it, and all get it whole", async () => {
  await using scratch = await Scratch.create();
  const task = { store: scratch.store.directory, layers: await scratch.layers(big, plain([file("small")])) };
  const answers = await Promise.all([1, 2, 3].map(() => runChild(task)));
  expect(new Set(answers.map(({ path }) => path)).size).toBe(1);
  expect(answers.filter(({ found }) => !found).length).toBe(1);
  expect(Object.keys(treeOf(answers[0]?.path ?? ""))).toEqual(["big", "small"]);
  await scratch.expectUntouched();
});

test("what a killed process left is removed by the next to open the store, and what a living one builds is not", async () => {
  await using scratch = await Scratch.create();
  const [first, second] = await scratch.layers(big, plain([file("small")]));
  if (first === undefined || second === undefined) throw new Error("no layers");
  // The child waits at its second layer, because nobody writes it: a writer can open a FIFO only when a reader has.
  const fifo = join(dirname(first.path), "fifo");
  execFileSync("mkfifo", [fifo]);
  const child = startChild({ store: scratch.store.directory, layers: [first, { ...second, path: fifo }] });
  await using _writer = await open(fifo, "w");
  const staging = join(scratch.store.directory, ".staging");
  const [left = ""] = await readdir(staging);
  expect(existsSync(join(staging, left, "root/big"))).toBe(true);

  await LowerStore.open(scratch.store.directory);
  expect(await readdir(staging)).toEqual([left]);
  child.kill("SIGKILL");
  await once(child, "close");
  expect(await readdir(staging)).toEqual([left]);
  expect(await (await LowerStore.open(scratch.store.directory)).list()).toEqual([]);
  await scratch.expectUntouched();
});

test("a root that is held is not removed", async () => {
  await using scratch = await Scratch.create();
  const { chainId, path } = await scratch.apply(plain([file("a")]));
  {
    await using lease = await scratch.store.lease(chainId);
    await using _other = await scratch.store.lease(chainId);
    expect(lease).toMatchObject({ chainId, path });
    await expect(scratch.store.remove(chainId)).rejects.toMatchObject({ code: "ROOT_IN_USE" });
  }
  expect(await scratch.store.remove(chainId)).toBe(true);
  expect(existsSync(dirname(path))).toBe(false);
  await expect(scratch.store.lease(chainId)).rejects.toMatchObject({ code: "ROOT_NOT_FOUND" });
  await scratch.expectUntouched();
});

test("a lease that fails holds nothing", async () => {
  await using scratch = await Scratch.create();
  const { chainId } = await scratch.apply(plain([file("a")]));
  const failing = vi.spyOn(scratch.store.entries, "touch").mockRejectedValueOnce(new Error("the disk is gone"));
  await expect(scratch.store.lease(chainId)).rejects.toThrow("the disk is gone");
  expect(failing).toHaveBeenCalledOnce();
  expect(await scratch.store.remove(chainId)).toBe(true);
});

test("a lease ends with its process", async () => {
  await using scratch = await Scratch.create();
  const { chainId } = await scratch.apply(plain([file("a")]));
  const code = `
    const { LowerStore } = await import(${JSON.stringify(join(import.meta.dirname, "lower-store.ts"))});
    await (await LowerStore.open(${JSON.stringify(scratch.store.directory)})).lease(${JSON.stringify(chainId)});
    console.log("held");
    process.stdin.resume();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  await expect(scratch.store.remove(chainId)).rejects.toMatchObject({ code: "ROOT_IN_USE" });
  child.kill("SIGKILL");
  await once(child, "close");
  expect(await scratch.store.remove(chainId)).toBe(true);
});

test("a store where none can be is unavailable", async () => {
  await using scratch = await Scratch.create();
  await expect(LowerStore.open("relative")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  await expect(LowerStore.open(join(scratch.directory, "canary/rootfs"))).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
  });
});

test("a pinned root stays until its owner gives it up, whatever becomes of the process", async () => {
  await using scratch = await Scratch.create();
  const { chainId } = await scratch.apply(plain([file("a")]));
  const { store } = scratch;
  await expect(store.pin(ABSENT, "one")).rejects.toMatchObject({ code: "ROOT_NOT_FOUND" });
  await expect(store.pin(chainId, "../one")).rejects.toThrow(RangeError);
  await store.pin(chainId, "one");
  const other = await LowerStore.open(store.directory);
  expect([...(await other.pinOwners())]).toEqual(["one"]);
  expect(await other.list()).toMatchObject([{ chainId, leases: 1 }]);
  expect((await other.prune({ maxBytes: 0 })).removed).toEqual([]);
  await expect(other.remove(chainId)).rejects.toMatchObject({ code: "ROOT_IN_USE" });
  await other.unpin("two");
  expect(await other.remove(chainId).catch((error) => error)).toMatchObject({ code: "ROOT_IN_USE" });
  await other.unpin("one");
  expect(await store.remove(chainId)).toBe(true);
});
