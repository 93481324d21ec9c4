import type { Digest } from "@a3s/core";
import { expect, test } from "vitest";
import { type PruneBounds, type PruneCandidate, planPruning } from "./pruning.ts";

const NOW = 1_000_000;

/** A root of ten bytes that was used so long ago. */
const root = (name: string, agoMs: number, held = false): PruneCandidate => ({
  chainId: `sha256:${name.repeat(64)}` as Digest,
  diskBytes: 10,
  lastUsedMs: NOW - agoMs,
  held,
});

const roots = [root("a", 300), root("b", 500, true), root("c", 100), root("d", 400), root("e", 0)];

test.each<[string, PruneBounds, string]>([
  ["without bounds nothing goes", {}, ""],
  ["what fits stays", { maxBytes: 50 }, ""],
  ["the least recently used goes first", { maxBytes: 49 }, "d"],
  ["as many as needed go", { maxBytes: 25 }, "dac"],
  ["held roots count and stay", { maxBytes: 0 }, "dace"],
  ["what was not used for long goes, whatever the size", { unusedForMs: 250 }, "da"],
  ["exactly that long is not longer", { unusedForMs: 300 }, "d"],
  ["both bounds apply", { unusedForMs: 350, maxBytes: 30 }, "da"],
  ["bounds that are no numbers keep everything", { unusedForMs: Number.NaN, maxBytes: Number.NaN }, ""],
  ["everything idle goes after no time, but what is used now", { unusedForMs: 0 }, "dac"],
])("%s", (_, bounds, expected) => {
  const chosen = planPruning(roots, bounds, NOW).map(({ chainId }) => chainId.at(-1));
  expect(chosen.join("")).toBe(expected);
});
