import { chownSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "@a3s/core";
import { expect, test } from "vitest";
import { ensureRoot } from "../src/ensure-root.ts";
import { file } from "./fixture/entries.ts";
import { everything } from "./fixture/one-of-everything.ts";
import { rot } from "./fixture/rot.ts";
import { plain, Scratch } from "./fixture/scratch.ts";

const isRoot = process.geteuid?.() === 0;
const ABSENT: Digest = `sha256:${"0".repeat(64)}`;

test.runIf(isRoot)("verify finds an owner that changed", async () => {
  await using scratch = await Scratch.create();
  const { chainId, path } = await scratch.apply(everything);
  chownSync(join(path, "etc/motd"), 1, 2);
  const { damaged } = await scratch.store.verify(chainId);
  expect(damaged[0]?.differences).toMatchObject([
    { path: "etc/motd", field: "uid", expected: 0, actual: 1 },
    { path: "etc/motd", field: "gid", expected: 0, actual: 2 },
  ]);
});

test("the manifest has a line for each file, sorted", async () => {
  await using scratch = await Scratch.create();
  const { manifestPath, files } = await scratch.apply(everything);
  const lines = readFileSync(manifestPath, "utf8").trimEnd().split("\n");
  const paths = lines.map((line) => JSON.parse(line).path);
  expect(paths.length).toBe(files);
  expect(paths).toEqual([
    "",
    "bin",
    "bin/su",
    "bin/su2",
    "etc",
    "etc/deep",
    "etc/deep/er",
    "etc/deep/er/file",
    "etc/motd",
    "etc/noted",
    "etc-before-slash",
    "fifo",
    "sbin",
    "ä \u2028",
  ]);
  expect(JSON.parse(lines[2] ?? "")).toMatchObject({
    type: "file",
    mode: 0o4755,
    links: 2,
    size: 6,
    mtime: "7000000000",
  });
});

test("a damaged root that somebody holds is reported, and not replaced until it is free", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const { chainId, path } = await scratch.apply(everything);
  {
    await using _one = await store.lease(chainId);
    await using _two = await store.lease(chainId);
    rot(join(path, "etc/motd"));
    expect(await store.verify("all")).toMatchObject({ damaged: [{ chainId, leases: 2 }] });
    await expect(scratch.apply(everything)).rejects.toMatchObject({ code: "STORE_CORRUPT", details: { leases: 2 } });
    await expect(store.lease(chainId)).rejects.toMatchObject({ code: "ROOT_NOT_FOUND" });
    expect(existsSync(join(path, "etc/motd"))).toBe(true);
    // Asked again, it says the same.
    const { damaged } = await store.verify(chainId);
    expect(damaged).toMatchObject([{ differences: [{ path: "etc/motd", field: "sha256" }], leases: 2 }]);
  }
  expect(await scratch.apply(everything)).toMatchObject({ found: false });
});

test("a report has a hundred differences, and a number of the others", async () => {
  await using scratch = await Scratch.create();
  const { chainId, path } = await scratch.apply(everything);
  for (let number = 0; number < 150; number++) writeFileSync(join(path, `many${number}`), "");
  const { damaged } = await scratch.store.verify(chainId);
  expect(damaged[0]?.differences.length).toBe(100);
  // The directory that they are in has another time as well.
  expect(damaged[0]?.more).toBe(51);
});

test("a verification tells how far it is, and gives up when it is told", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const { chainId } = await scratch.apply(plain([file("big", "x".repeat(20 << 20)), file("small")]));
  const before = readdirSync("/proc/self/fd").length;
  const seen: number[] = [];
  const { bytes } = await store.verify("all", { onProgress: (progress) => seen.push(progress.bytes) });
  expect(bytes).toBeGreaterThan(20 << 20);
  expect(seen.length).toBeGreaterThan(3);
  expect(seen.at(-1)).toBe(bytes);

  const controller = new AbortController();
  const reason = new Error("enough");
  const giveUp = { signal: controller.signal, onProgress: () => controller.abort(reason) };
  await expect(store.verify("all", giveUp)).rejects.toBe(reason);
  expect(readdirSync("/proc/self/fd").length).toBe(before);
  expect(await store.has(chainId)).toBe(true);
  // It holds nothing any more.
  expect(await store.remove(chainId)).toBe(true);
});

test("what is not there cannot be verified", async () => {
  await using scratch = await Scratch.create();
  await expect(scratch.store.verify(ABSENT)).rejects.toMatchObject({ code: "ROOT_NOT_FOUND" });
  expect(await scratch.store.verify("all")).toEqual({ roots: 0, bytes: 0, unreadable: 0, damaged: [] });
});

test("an aborted verification stops at once when it is aborted already", async () => {
  await using scratch = await Scratch.create();
  const { chainId } = await scratch.apply(everything);
  await expect(ensureRoot({ store: scratch.store, layers: [], signal: AbortSignal.abort() })).rejects.toThrow(
    "aborted",
  );
  await expect(scratch.store.verify(chainId, { signal: AbortSignal.abort() })).rejects.toThrow("aborted");
});
