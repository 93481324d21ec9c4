import { expect, test } from "vitest";
import { readEntryName, readHardLinkTarget } from "./entry-name.ts";

const LIMITS = { maxPathBytes: 64, maxDepth: 4 };

test.each([
  ["", { kind: "root" }],
  [".", { kind: "root" }],
  ["/", { kind: "root" }],
  ["a/..", { kind: "root" }],
  ["a", { kind: "entry", parents: [], name: "a" }],
  ["./a//b/", { kind: "entry", parents: ["a"], name: "b" }],
  ["/a/./b/../c", { kind: "entry", parents: ["a"], name: "c" }],
  [".wh.a", { kind: "whiteout", parents: [], name: "a" }],
  ["a/b/.wh.c", { kind: "whiteout", parents: ["a", "b"], name: "c" }],
  ["a/.wh....", { kind: "whiteout", parents: ["a"], name: "..." }],
  ["a/.wh..b", { kind: "whiteout", parents: ["a"], name: ".b" }],
  [".wh..wh..opq", { kind: "opaque", directory: [] }],
  ["a/b/.wh..wh..opq", { kind: "opaque", directory: ["a", "b"] }],
  [".wh..wh.plnk", { kind: "ignored" }],
  [".wh..wh.plnk/1.2", { kind: "ignored" }],
  [".wh", { kind: "entry", parents: [], name: ".wh" }],
  ["x.wh.y", { kind: "entry", parents: [], name: "x.wh.y" }],
  ["a/.a3s", { kind: "entry", parents: ["a"], name: ".a3s" }],
  [".a3s-like", { kind: "entry", parents: [], name: ".a3s-like" }],
])("%j", (path, expected) => {
  expect(readEntryName(path, LIMITS)).toEqual(expected);
});

test.each([
  ["..", "LAYER_ESCAPE"],
  ["a/../../b", "LAYER_ESCAPE"],
  ["/..", "LAYER_ESCAPE"],
  [".wh...", "LAYER_ESCAPE"],
  [".wh.", "LAYER_INVALID"],
  [".wh..", "LAYER_INVALID"],
  [".wh.a/b", "LAYER_INVALID"],
  [".a3s", "LAYER_RESERVED"],
  ["x/../.a3s/y", "LAYER_RESERVED"],
  ["a/b/c/d/e", "LAYER_TOO_LARGE"],
  ["x".repeat(65), "LAYER_TOO_LARGE"],
])("%j is refused", (path, code) => {
  expect(() => readEntryName(path, LIMITS)).toThrow(expect.objectContaining({ code }));
});

test("the target of a hard link is a name below the root", () => {
  expect(readHardLinkTarget("/a/./b", LIMITS)).toEqual({ parents: ["a"], name: "b" });
  for (const [target, code] of [
    ["../a", "LAYER_ESCAPE"],
    ["/", "LAYER_INVALID"],
    ["a/.wh.b", "LAYER_INVALID"],
  ] as const) {
    expect(() => readHardLinkTarget(target, LIMITS)).toThrow(expect.objectContaining({ code }));
  }
});
