import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TarEntry } from "@a3s/testing";
import { expect, test } from "vitest";
import { dir, file, gone, link, opaque } from "./fixture/entries.ts";
import { plain, Scratch } from "./fixture/scratch.ts";
import { treeOf } from "./fixture/tree.ts";

const LOWER = [dir("d"), file("d/a"), dir("d/sub"), file("d/sub/b"), file("f"), link("l", "d")];
const ALL = { d: "/", "d/a": "= 1", "d/sub": "/", "d/sub/b": "= 1", f: "= 1", l: "-> d" };

test.each<[string, readonly TarEntry[], Readonly<Record<string, string>>]>([
  ["a whiteout hides a file", [gone("f")], { ...ALL, f: "" }],
  ["a whiteout hides a directory with everything in it", [gone("d")], { f: "= 1", l: "-> d" }],
  ["a whiteout hides a link, not its target", [gone("l")], { ...ALL, l: "" }],
  ["a whiteout in a directory reached by a link", [gone("l/a")], { ...ALL, "d/a": "" }],
  ["a whiteout of nothing changes nothing", [gone("x"), gone("x/y"), gone("f/y")], ALL],
  ["a whiteout before the entry of its name", [gone("f"), file("f", "2")], { ...ALL, f: "= 2" }],
  [
    "a whiteout after the entry of its name hides the lower one only",
    [file("f", "2"), gone("f")],
    { ...ALL, f: "= 2" },
  ],
  ["a whiteout after entries inside", [file("d/new", "2"), gone("d")], { d: "/", "d/new": "= 2", f: "= 1", l: "-> d" }],
  [
    "a whiteout spares what its own layer overwrote",
    [file("d/a", "2"), gone("d")],
    { d: "/", "d/a": "= 2", f: "= 1", l: "-> d" },
  ],
  [
    "an opaque directory shows its own layer only",
    [dir("d"), opaque("d"), file("d/new")],
    { d: "/", "d/new": "= 1", f: "= 1", l: "-> d" },
  ],
  [
    "an opaque whiteout after the entries",
    [file("d/new"), opaque("d")],
    { d: "/", "d/new": "= 1", f: "= 1", l: "-> d" },
  ],
  [
    "an opaque whiteout looks into directories that its layer touched",
    [file("d/sub/c"), opaque("d")],
    { d: "/", "d/sub": "/", "d/sub/c": "= 1", f: "= 1", l: "-> d" },
  ],
  ["an opaque root", [opaque("."), file("only")], { only: "= 1" }],
  [
    "opaque and explicit whiteouts together",
    [opaque("d"), gone("d/a"), file("d/a", "2")],
    { d: "/", "d/a": "= 2", f: "= 1", l: "-> d" },
  ],
  ["an opaque whiteout of nothing", [opaque("x")], ALL],
  ["AUFS bookkeeping is ignored", [dir(".wh..wh.plnk"), file(".wh..wh.plnk/12.34"), file(".wh..wh.aufs")], ALL],
])("%s", async (_, upper, expected) => {
  await using scratch = await Scratch.create();
  const { path } = await scratch.apply(plain(LOWER), plain(upper));
  expect(treeOf(path)).toEqual(Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== "")));
  await scratch.expectUntouched();
});

test("a whiteout of the first layer has nothing to hide", async () => {
  await using scratch = await Scratch.create();
  expect(treeOf((await scratch.apply(plain([file("f"), gone("f")]))).path)).toEqual({ f: "= 1" });
});

test("each layer hides what is below it, and not what comes above", async () => {
  await using scratch = await Scratch.create();
  const { path } = await scratch.apply(plain([file("f", "1")]), plain([gone("f")]), plain([file("f", "3")]));
  expect(treeOf(path)).toEqual({ f: "= 3" });
});

test.each(["rootpath", ".hiddenroot", "some/path/file", "another/path/.hiddenfile"])(
  "a whiteout of %s, file or directory, leaves the time of its directory",
  async (path) => {
    await using scratch = await Scratch.create();
    const parents = path.includes("/") ? [dir(dirname(dirname(path))), dir(dirname(path), { mtime: 123 })] : [];
    const top = dir(".", { mtime: 123 });
    for (const hidden of [
      [file(path)],
      [dir(path), file(`${path}/file1`), dir(`${path}/.subdir`), file(`${path}/.subdir/file2`)],
    ]) {
      const root = await scratch.apply(plain([top, ...parents, ...hidden]), plain([gone(path)]));
      expect(Object.keys(treeOf(root.path))).not.toContain(path);
      expect(statSync(join(root.path, dirname(path))).mtimeMs).toBe(123_000);
    }
  },
);

test("moby's ApplyLayerWhiteouts: four layers", async () => {
  await using scratch = await Scratch.create();
  const layer = (...paths: readonly string[]) =>
    plain(paths.map((path) => (path.endsWith("/") ? dir(path) : file(path, ""))));
  const layers = [
    layer(
      ".baz",
      "bar/",
      "bar/bax",
      "bar/bay/",
      "baz",
      "foo/",
      "foo/.abc",
      "foo/.bcd/",
      "foo/.bcd/a",
      "foo/cde/",
      "foo/cde/def",
      "foo/cde/efg",
      "foo/fgh",
      "foobar",
    ),
    layer(".bay", ".wh.baz", "foo/", "foo/.bce", "foo/.wh..wh..opq", "foo/cde/", "foo/cde/efg"),
    layer(".bay", ".wh..baz", ".wh.foobar", "foo/", "foo/.abc", "foo/.wh.cde", "bar/"),
    layer(".abc", ".wh..wh..opq", "foobar"),
  ];
  const names = async (count: number) => {
    const { path } = await scratch.apply(...layers.slice(0, count));
    return Object.entries(treeOf(path)).map(([name, what]) => (what === "/" ? `${name}/` : name));
  };
  const second = [
    ".bay",
    ".baz",
    "bar/",
    "bar/bax",
    "bar/bay/",
    "foo/",
    "foo/.bce",
    "foo/cde/",
    "foo/cde/efg",
    "foobar",
  ];
  expect(await names(2)).toEqual(second);
  expect(await names(3)).toEqual([".bay", "bar/", "bar/bax", "bar/bay/", "foo/", "foo/.abc", "foo/.bce"]);
  expect(await names(4)).toEqual([".abc", "foobar"]);
});

test.each<[string, string, string]>([
  ["of nothing", ".wh.", "LAYER_INVALID"],
  ["of its own directory", "d/.wh..", "LAYER_INVALID"],
  ["of the parent directory", "d/.wh...", "LAYER_ESCAPE"],
  ["with something inside", "d/.wh.a/b", "LAYER_INVALID"],
])("a whiteout %s is refused", async (_, path, code) => {
  await using scratch = await Scratch.create();
  await expect(scratch.apply(plain(LOWER), plain([file(path)]))).rejects.toMatchObject({ code });
  await scratch.expectUntouched();
});
