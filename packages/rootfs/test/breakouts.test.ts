import { join } from "node:path";
import type { TarEntry } from "@a3s/testing";
import { expect, test } from "vitest";
import { dir, file, gone, hard, link, opaque } from "./fixture/entries.ts";
import { plain, Scratch } from "./fixture/scratch.ts";
import { treeOf } from "./fixture/tree.ts";

/*
 * Attempts to write, link or remove outside the root. The names are those under which containerd (TestBreakouts), umoci, moby's
 * go-archive and node-tar know the attacks. Each ends inside the root, as in a container runtime, or is refused.
 */

/** More than enough to reach the host's root from the store. */
const UP = "../".repeat(32);

/** A layer under test; `outside` is an absolute directory of the host that exists and holds `canary` and `passwd`. */
type Attack = (outside: string) => readonly TarEntry[];

test.each<[string, Attack, Readonly<Record<string, string>>]>([
  ["SymlinkAbsolute", () => [dir("etc"), link("local", "/etc"), file("local/x")], { "etc/x": "= 1" }],
  ["SymlinkAbsolute, to a directory of the host", (outside) => [link("x", outside), file("x/canary", "2")], {}],
  ["SymlinkUpAndOut", () => [dir("etc"), dir("d"), link("d/up", `${UP}etc`), file("d/up/x")], { "etc/x": "= 1" }],
  [
    "SymlinkUpAndOut, to the file beside the store",
    () => [link("up", "../../.."), file("up/canary", "2")],
    { canary: "= 2" },
  ],
  ["SymlinkMultipleAbsolute", () => [dir("etc"), link("a", "/etc"), link("b", "/a"), file("b/x")], { "etc/x": "= 1" }],
  ["SymlinkMultipleRelative", () => [dir("etc"), link("a", "etc"), link("b", "./a"), file("b/x")], { "etc/x": "= 1" }],
  [
    "SymlinkMultiple, each a step further up",
    () => [dir("a/b"), link("a/b/c", "../.."), link("x", "a/b/c/../.."), file("x/../y")],
    { y: "= 1" },
  ],
  [
    "SymlinkEmptyFile",
    () => [dir("etc"), file("etc/f", "kept"), link("x", "/etc/f"), file("x", "")],
    { "etc/f": "= kept", x: "= " },
  ],
  ["SymlinkParentDirectory", () => [link("p", ".."), file("p/x")], { x: "= 1" }],
  [
    "SymlinkOverridePath",
    () => [dir("d"), file("d/x"), link("d", "/etc"), file("d/y")],
    { d: "-> /etc", "etc/y": "= 1" },
  ],
  [
    "HardlinkRelative",
    () => [dir("etc"), file("etc/passwd"), dir("d"), link("d/up", "../etc"), hard("x", "d/up/passwd")],
    { x: "= 1" },
  ],
  [
    "HardlinkDownAndOut",
    () => [dir("etc"), file("etc/passwd"), dir("a/b"), link("a/b/c", `${UP}etc`), hard("x", "a/b/c/passwd")],
    { x: "= 1" },
  ],
  [
    "HardlinkAbsolute",
    () => [dir("etc"), file("etc/passwd"), link("local", "/etc"), hard("x", "/local/passwd")],
    { x: "= 1" },
  ],
  [
    "HardlinkRelativeLong",
    () => [
      dir("etc"),
      file("etc/passwd"),
      dir("a/b/c"),
      link("a/b/c/up", "../../../etc"),
      hard("x", "a/b/c/up/passwd"),
    ],
    { x: "= 1" },
  ],
  [
    "HardlinkUpAndOut",
    () => [dir("etc"), file("etc/passwd"), link("up", `${UP}etc`), hard("x", "up/passwd")],
    { x: "= 1" },
  ],
  ["HardlinkDirectAbsolute", () => [dir("etc"), file("etc/passwd"), hard("x", "/etc/passwd")], { x: "= 1" }],
  [
    "HardlinkSymlinkBeforeCreateTarget",
    (outside) => [link("l", `${outside}/passwd`), hard("x", "l"), file("x", "2")],
    { x: "= 2" },
  ],
  ["HardlinkSymlinkRelative", () => [link("l", `${UP}etc/passwd`), hard("x", "l")], { x: `-> ${UP}etc/passwd` }],
  ["HardlinkSymlinkAbsolute", (outside) => [link("l", `${outside}/passwd`), hard("x", "l")], {}],
  ["HardlinkSymlinkChmod", (outside) => [link("l", `${outside}/passwd`), hard("x", "l", { mode: 0o777 })], {}],
  [
    "hard link escape through a chain of symbolic links",
    (outside) => [
      link("a", outside),
      link("b", "a"),
      dir(outside),
      file(`${outside}/passwd`, "in"),
      hard("x", "b/passwd"),
    ],
    { x: "= in" },
  ],
  ["ParentDirectoryRelative within the root", () => [file("a/../b/./x")], { "b/x": "= 1" }],
  ["an absolute name", () => [file("/x"), file("//y")], { x: "= 1", y: "= 1" }],
  ["SlashEnded", () => [file("d/", "2")], { d: "= 2" }],
  ["OverrideDirectory", () => [dir("d"), file("d/x"), file("d", "2")], { d: "= 2" }],
  ["OverrideDirectoryRelative", () => [dir("d"), file("d/x"), file("d/x/../../d", "2")], { d: "= 2" }],
  [
    "DirectoryOverrideSymlink",
    (outside) => [link("d", outside), dir("d"), file("d/canary", "2")],
    { d: "/", "d/canary": "= 2" },
  ],
  [
    "DirectoryOverrideSymlinkAndHardlink",
    (outside) => [link("d", outside), hard("h", "d"), dir("d"), file("d/canary", "2")],
    { "d/canary": "= 2" },
  ],
  [
    "names that differ in Unicode normalisation only",
    (outside) => [link("caf\u00e9", outside), dir("cafe\u0301"), file("cafe\u0301/canary", "2")],
    { "cafe\u0301/canary": "= 2" },
  ],
  [
    "names that differ in case only",
    (outside) => [link("D", outside), dir("d"), file("d/canary", "2")],
    { "d/canary": "= 2" },
  ],
  ["drive letters and backslashes", () => [file("c:..\\x"), file("..\\y")], { "c:..\\x": "= 1", "..\\y": "= 1" }],
  ["SiblingPrefixContained", () => [link("x", "../root-evil"), file("x/y")], { "root-evil/y": "= 1" }],
  ["WhiteoutSymlink", (outside) => [link("l", `${outside}/passwd`), gone("l")], {}],
  ["WhiteoutSymlinkPath", (outside) => [link("l", outside), gone("l/canary")], {}],
  ["WhiteoutDeadSymlinkParent", () => [link("l", "/nowhere"), gone("l/x")], {}],
  ["WhiteoutRelativePath", () => [dir("d"), { type: "file", path: "d/../.wh.canary" }], { d: "/" }],
  ["WhiteoutDirectoryName", () => [dir("d"), dir(".wh.e")], { d: "/" }],
  ["opaque through a link to the host", (outside) => [link("l", outside), opaque("l")], {}],
])("%s stays inside the root", async (_, attack, expected) => {
  await using scratch = await Scratch.create();
  const { path } = await scratch.apply(plain([dir("lower")]), plain(attack(scratch.directory)));
  expect(treeOf(path)).toMatchObject(expected);
  await scratch.expectUntouched();
});

test.each<[string, readonly TarEntry[], string]>([
  ["ParentDirectoryRelative", [file("../canary", "2")], "LAYER_ESCAPE"],
  ["a name with more `..` than directories", [dir("a"), file("a/../../canary", "2")], "LAYER_ESCAPE"],
  ["an absolute name with `..`", [file("/../canary", "2")], "LAYER_ESCAPE"],
  ["umoci's scoping prefix, long and with garbage", [file(`/some/long/garbage/${UP}canary`, "2")], "LAYER_ESCAPE"],
  ["a directory above the root", [dir("..", { mode: 0o777 })], "LAYER_ESCAPE"],
  ["a link above the root", [link("../x", "y")], "LAYER_ESCAPE"],
  ["HardlinkDirectRelative", [hard("x", `${UP}etc/passwd`)], "LAYER_ESCAPE"],
  ["HardlinkDirectAbsolute, to a file of the host only", [hard("x", "/etc/hostname")], "LAYER_INVALID"],
  ["EmptyFilename", [file("")], "LAYER_INVALID"],
  ["the root as a link", [link(".", "/")], "LAYER_INVALID"],
  ["WhiteoutRootParent", [{ type: "file", path: "/.wh..." }], "LAYER_ESCAPE"],
  ["WhiteoutParent", [{ type: "file", path: "d/.wh..." }], "LAYER_ESCAPE"],
  ["WhiteoutRoot", [{ type: "file", path: ".wh." }], "LAYER_INVALID"],
  ["WhiteoutCurrentDirectory", [{ type: "file", path: "d/.wh.." }], "LAYER_INVALID"],
  ["a whiteout above the root", [{ type: "file", path: "../.wh.canary" }], "LAYER_ESCAPE"],
  ["a loop of links", [link("a", "b"), link("b", "a"), file("a/x")], "LAYER_INVALID"],
  ["a link to itself", [link("a", "a/a"), file("a/x")], "LAYER_INVALID"],
  ["a name of 256 bytes", [file("x".repeat(256))], "LAYER_INVALID"],
  ["a name of 256 bytes in a link's target", [link("a", "x".repeat(256)), file("a/x")], "LAYER_INVALID"],
  ["a path of 4097 bytes", [file(`${"a/".repeat(2048)}x`)], "LAYER_TOO_LARGE"],
  ["129 directories", [file(`${"a/".repeat(129)}x`)], "LAYER_TOO_LARGE"],
  [
    "130 directories by way of a link",
    [dir("a/".repeat(100)), link("l", "a/".repeat(100)), dir(`l/${"b/".repeat(30)}`)],
    "LAYER_TOO_LARGE",
  ],
  ["a link's target of 4096 bytes", [link("a", "x".repeat(4096))], "LAYER_TOO_LARGE"],
  ["a link without a target", [link("a", "")], "LAYER_INVALID"],
  ["the runtime's directory", [dir(".a3s")], "LAYER_RESERVED"],
  ["a file in the runtime's directory", [file("./.a3s/x")], "LAYER_RESERVED"],
  ["an attribute of overlayfs", [dir("x", { xattrs: { "trusted.overlay.opaque": "y" } })], "LAYER_RESERVED"],
  [
    "an attribute of overlayfs in user space",
    [dir("x", { xattrs: { "user.overlay.redirect": "/etc" } })],
    "LAYER_RESERVED",
  ],
  ["an owner override", [file("x", "", { xattrs: { "user.containers.override_stat": "0:0:0755" } })], "LAYER_RESERVED"],
  ["a device number out of range", [{ type: "character-device", path: "x", major: 4096, minor: 0 }], "LAYER_INVALID"],
])("%s is refused", async (_, attack, code) => {
  await using scratch = await Scratch.create();
  await expect(scratch.apply(plain([dir("d"), file("d/x")]), plain(attack))).rejects.toMatchObject({ code });
  expect(await scratch.store.list()).toEqual([]);
  await scratch.expectUntouched();
});

test("an error names the layer and the entry", async () => {
  await using scratch = await Scratch.create();
  const bad = plain([file("fine"), file("../canary")]);
  await expect(scratch.apply(plain([dir("d")]), bad)).rejects.toMatchObject({
    message: expect.stringContaining(bad.digest),
    hint: expect.any(String),
    details: { layer: bad.digest, entry: "../canary" },
  });
});

test("what a link of the host's own path would reach is made inside the root", async () => {
  await using scratch = await Scratch.create();
  const { path } = await scratch.apply(plain([link("x", scratch.directory), file("x/canary", "2")]));
  expect(treeOf(join(path, scratch.directory))).toEqual({ canary: "= 2" });
});
