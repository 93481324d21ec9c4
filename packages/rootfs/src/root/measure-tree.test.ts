import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { measureTree } from "./measure-tree.ts";

let scratch: string;
let tree: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "a3s-measure-tree-"));
  tree = join(scratch, "tree");
  mkdirSync(tree);
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

test("counts what du counts: blocks, each inode once, nothing behind links", async () => {
  mkdirSync(join(tree, "a/b"), { recursive: true });
  writeFileSync(join(tree, "a/b/large"), Buffer.alloc(3_000_000, 1));
  linkSync(join(tree, "a/b/large"), join(tree, "same"));
  execFileSync("truncate", ["-s", "1G", join(tree, "sparse")]);
  writeFileSync(join(scratch, "outside"), Buffer.alloc(1_000_000, 1));
  symlinkSync("../outside", join(tree, "link"));
  const blocks = Number(execFileSync("du", ["-s", "-B512", tree], { encoding: "utf8" }).split("\t")[0]);
  const open = readdirSync("/proc/self/fd").length;
  expect(await measureTree(tree)).toEqual({ diskBytes: blocks * 512, entries: 6 });
  expect(readdirSync("/proc/self/fd").length).toBe(open);
});

test("an abort ends it with its reason", async () => {
  writeFileSync(join(tree, "file"), "");
  const reason = new Error("enough");
  await expect(measureTree(tree, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("a link in the place of the directory is not followed", async () => {
  symlinkSync(tree, join(scratch, "link"));
  await expect(measureTree(join(scratch, "link"))).rejects.toMatchObject({ code: "ENOTDIR" });
});
