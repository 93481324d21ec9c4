import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TarEntry } from "@a3s/testing";
import { expect, test } from "vitest";
import { dir, file, hard, link } from "./fixture/entries.ts";
import { plain, Scratch } from "./fixture/scratch.ts";

const inode = (root: string, path: string) => lstatSync(join(root, path)).ino;

test.each<[string, readonly (readonly TarEntry[])[], string, string]>([
  ["in its own layer", [[file("a"), hard("b", "a")]], "a", "b"],
  ["to a lower layer's file", [[file("a")], [hard("b", "a")]], "a", "b"],
  ["by an absolute target", [[dir("x"), file("x/a"), hard("b", "/x/a")]], "x/a", "b"],
  ["through a linked directory", [[dir("x"), file("x/a"), link("y", "x"), hard("b", "y/a")]], "x/a", "b"],
  ["to a symbolic link, not to its target", [[file("t"), link("a", "t"), hard("b", "a")]], "a", "b"],
  ["to a FIFO", [[{ type: "fifo", path: "a" }, hard("b", "a")]], "a", "b"],
  ["that replaces a file", [[file("a"), file("b", "2")], [hard("b", "a")]], "a", "b"],
  ["to itself", [[file("a")], [hard("a", "a")]], "a", "a"],
])("a hard link %s shares the inode", async (_, layers, one, other) => {
  await using scratch = await Scratch.create();
  const { path } = await scratch.apply(...layers.map((entries) => plain(entries)));
  expect(inode(path, one)).toBe(inode(path, other));
  await scratch.expectUntouched();
});

test("a link keeps the attributes of its file, and a file that a layer replaces leaves its other names alone", async () => {
  await using scratch = await Scratch.create();
  const { path } = await scratch.apply(
    plain([file("a", "1", { mode: 0o4711 }), hard("b", "a", { mode: 0o600 })]),
    plain([file("a", "2")]),
  );
  expect(lstatSync(join(path, "b"))).toMatchObject({ mode: 0o104711, nlink: 1 });
  expect([readFileSync(join(path, "a"), "utf8"), readFileSync(join(path, "b"), "utf8")]).toEqual(["2", "1"]);
});

test.each<[string, readonly TarEntry[], string]>([
  ["nothing", [hard("b", "a")], "LAYER_INVALID"],
  ["what comes later", [hard("b", "a"), file("a")], "LAYER_INVALID"],
  ["a directory", [dir("a"), hard("b", "a")], "LAYER_INVALID"],
  ["the root", [hard("b", "/")], "LAYER_INVALID"],
  ["a file above the root", [hard("b", "../canary")], "LAYER_ESCAPE"],
  ["a file in the directory that it replaces", [dir("x"), file("x/a"), hard("x", "x/a")], "LAYER_INVALID"],
  ["bookkeeping of AUFS", [hard("b", ".wh..wh.plnk/1.2")], "LAYER_INVALID"],
])("a hard link to %s is refused", async (_, entries, code) => {
  await using scratch = await Scratch.create();
  await expect(scratch.apply(plain(entries))).rejects.toMatchObject({ code });
  await scratch.expectUntouched();
});
