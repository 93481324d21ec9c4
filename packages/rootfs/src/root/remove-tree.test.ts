import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { removeTree } from "./remove-tree.ts";

let scratch: string;
let tree: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "a3s-remove-tree-"));
  tree = join(scratch, "tree");
  mkdirSync(tree);
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

/** A chain of directories, each with a file, made from its end so that no path is long. */
function makeChain(path: string, levels: number): void {
  const [inner, outer] = [join(scratch, "inner"), join(scratch, "outer")];
  mkdirSync(inner);
  for (let level = 0; level < levels; level++) {
    mkdirSync(outer);
    writeFileSync(join(outer, "file"), "");
    renameSync(inner, join(outer, "name".repeat(10)));
    renameSync(outer, inner);
  }
  renameSync(inner, path);
}

test("removes what is deeper than paths are long and files may be open, whatever its names are", {
  timeout: 60_000,
}, async () => {
  makeChain(join(tree, "deep"), 3000);
  makeChain(join(tree, "as deep"), 500);
  // Names of what is moved up are taken by the tree itself.
  mkdirSync(join(tree, "moved-up-0/inner"), { recursive: true });
  writeFileSync(join(tree, "moved-up-1"), "");
  const open = readdirSync("/proc/self/fd").length;
  await removeTree(tree);
  expect(existsSync(tree)).toBe(false);
  expect(readdirSync("/proc/self/fd").length).toBe(open);
});

test("follows no link, and empties directories that shut everybody out", async () => {
  writeFileSync(join(scratch, "outside"), "kept");
  symlinkSync(scratch, join(tree, "to-directory"));
  symlinkSync("../outside", join(tree, "to-file"));
  mkdirSync(join(tree, "shut/inner"), { recursive: true });
  chmodSync(join(tree, "shut"), 0);
  await removeTree(tree);
  expect(readdirSync(scratch)).toEqual(["outside"]);
});

test("what is not there is removed already, and what is no directory is refused", async () => {
  await removeTree(join(scratch, "missing"));
  writeFileSync(join(scratch, "file"), "");
  await expect(removeTree(join(scratch, "file"))).rejects.toMatchObject({ code: "ENOTDIR" });
});
