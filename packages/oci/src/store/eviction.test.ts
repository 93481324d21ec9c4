import type { Digest } from "@a3s/core";
import { expect, test } from "vitest";
import { planEviction } from "./eviction.ts";

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`;

/** `a:1` is the root `a`, used at 1; `!` keeps it. The parts after it are its content; each has 10 bytes. */
function plan(images: readonly string[], pinned: string, maxBytes: number): string {
  const candidates = images.map((text) => {
    const [head = "", parts = ""] = text.split(" ");
    const root = head.charAt(0);
    const content = new Set([root, ...parts].map(digest));
    return { root: digest(root), content, lastUsed: Number(head.slice(1, 2)), kept: head.endsWith("!") };
  });
  const sizes = new Map([..."abcdef0123456789"].map((letter) => [digest(letter), 10]));
  const evicted = planEviction(candidates, sizes, new Set([...pinned].map(digest)), maxBytes);
  return evicted.map((root) => root.charAt(7)).join("");
}

test.each([
  ["nothing that fits", ["a1 3", "b2 4"], "", 40, ""],
  ["the least recently used first", ["a2 3", "b1 4", "c3 5"], "", 40, "b"],
  ["no more than is needed", ["a1 3", "b2 4", "c3 5"], "", 39, "ab"],
  ["on while content is shared with others", ["a1 3", "b2 3", "c3 4"], "", 30, "ab"],
  ["nothing that is kept", ["a1! 3", "b2 4", "c3 5"], "", 40, "b"],
  ["more for content that is pinned and stays", ["a1 3", "b2 4"], "3", 30, "a"],
  ["more for pinned content of nobody", ["a1 3", "b2 4"], "56", 40, "a"],
  ["everything for 0 bytes", ["a1 3", "b2 4"], "", 0, "ab"],
  ["everything when what is kept is too much", ["a1 3", "b2! 4"], "", 5, "a"],
])("gives up %s", (_what, images, pinned, maxBytes, evicted) => {
  expect(plan(images, pinned, maxBytes)).toBe(evicted);
});

test("content that is not there has no bytes", () => {
  const candidate = { root: digest("a"), content: new Set([digest("a")]), lastUsed: 0, kept: false };
  expect(planEviction([candidate], new Map(), new Set(), 0)).toEqual([]);
});
