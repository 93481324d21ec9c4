import { statSync } from "node:fs";
import { join } from "node:path";
import type { TarEntry } from "@a3s/testing";
import { expect, test } from "vitest";
import { dir, file, link } from "./fixture/entries.ts";
import { plain, Scratch } from "./fixture/scratch.ts";
import { treeOf } from "./fixture/tree.ts";

test.each<[string, readonly TarEntry[], readonly TarEntry[], Readonly<Record<string, string>>]>([
  ["a file by a file", [file("x")], [file("x", "2")], { x: "= 2" }],
  ["a file by a directory", [file("x")], [dir("x"), file("x/y")], { x: "/", "x/y": "= 1" }],
  ["a directory by a file", [dir("x"), file("x/y"), dir("x/z"), file("x/z/a")], [file("x", "2")], { x: "= 2" }],
  ["a directory by a link", [dir("x"), file("x/y")], [link("x", "/etc")], { x: "-> /etc" }],
  [
    "a link by a directory, not its target",
    [dir("t"), link("x", "t")],
    [dir("x"), file("x/y")],
    { t: "/", x: "/", "x/y": "= 1" },
  ],
  ["a link by a file, not its target", [file("t"), link("x", "t")], [file("x", "2")], { t: "= 1", x: "= 2" }],
  ["a link by a link", [link("x", "a")], [link("x", "b")], { x: "-> b" }],
  ["a file by a FIFO", [file("x")], [{ type: "fifo", path: "x" }], { x: "|" }],
  [
    "a directory by the directory, merged",
    [dir("x"), file("x/y")],
    [dir("x"), file("x/z")],
    { x: "/", "x/y": "= 1", "x/z": "= 1" },
  ],
  [
    "a lower file by the parent that an entry implies",
    [file("x")],
    [file("x/y/z", "2")],
    { x: "/", "x/y": "/", "x/y/z": "= 2" },
  ],
])("%s is replaced", async (_, lower, upper, expected) => {
  await using scratch = await Scratch.create();
  expect(treeOf((await scratch.apply(plain(lower), plain(upper))).path)).toEqual(expected);
  await scratch.expectUntouched();
});

test("a directory becomes a file, and a directory again, without what it held", async () => {
  await using scratch = await Scratch.create();
  const layers = [[dir("x"), file("x/y")], [file("x", "2")], [file("x/z", "3")], [link("x", "gone")], [dir("x")]];
  const after = async (count: number) =>
    treeOf((await scratch.apply(...layers.slice(0, count).map((entries) => plain(entries)))).path);
  expect(await after(2)).toEqual({ x: "= 2" });
  expect(await after(3)).toEqual({ x: "/", "x/z": "= 3" });
  expect(await after(4)).toEqual({ x: "-> gone" });
  expect(await after(5)).toEqual({ x: "/" });
  await scratch.expectUntouched();
});

test("within one layer the last entry of a name counts", async () => {
  await using scratch = await Scratch.create();
  const entries = [dir("x"), file("x/y"), file("x"), link("x", "z"), file("x", "last")];
  expect(treeOf((await scratch.apply(plain(entries))).path)).toEqual({ x: "= last" });
});

test("entries inside something that the same layer made no directory are refused", async () => {
  await using scratch = await Scratch.create();
  await expect(scratch.apply(plain([file("x"), file("x/y")]))).rejects.toMatchObject({ code: "LAYER_INVALID" });
  await expect(scratch.apply(plain([file("t"), link("x", "t")]), plain([file("x/y")]))).rejects.toMatchObject({
    code: "LAYER_INVALID",
  });
});

test("parents that no entry describes are 0755 and of 1970, whatever the umask", async () => {
  await using scratch = await Scratch.create();
  const { path } = await scratch.apply(plain([file("a/b/c")]));
  for (const directory of ["", "a", "a/b"]) {
    const { mode, mtimeMs } = statSync(join(path, directory));
    expect([mode & 0o7777, mtimeMs]).toEqual([0o755, 0]);
  }
});

test("a directory's last description wins, and content does not change its time", async () => {
  await using scratch = await Scratch.create();
  const { path } = await scratch.apply(
    plain([dir("x", { mode: 0o700, mtime: 100 }), file("x/y")]),
    plain([dir("x", { mode: 0o1777, mtime: 200 })]),
    plain([file("x/z"), { type: "whiteout", path: "x/y" }]),
  );
  const { mode, mtimeMs } = statSync(join(path, "x"));
  expect([mode & 0o7777, mtimeMs]).toEqual([0o1777, 200_000]);
});
