import { parseRestart, type RestartRule } from "@a3s/core";
import { expect, test } from "vitest";
import { decideRestart, type EndedRun } from "./restart-decision.ts";

const rule = (policy: string) => parseRestart(policy) as RestartRule;
const ended = (run: Partial<EndedRun>): EndedRun => ({
  ...{ rule: rule("always"), occasion: "end", halted: false, exitCode: 1, restarts: 0, delayMs: 0, ranMs: 0 },
  ...run,
});
const verdict = (run: Partial<EndedRun>) => {
  const decision = decideRestart(ended(run));
  return decision.restart ? "restart" : decision.why;
};

test.each([
  // policy, halted, exit code, restarts so far: at its end, and for a new supervisor
  ["no", false, 1, 0, "policy", "policy"],
  ["no", true, null, 0, "policy", "policy"],
  ["always", false, 0, 9999, "restart", "restart"],
  ["always", true, 143, 0, "asked", "restart"],
  ["unless-stopped", false, 0, 9999, "restart", "restart"],
  ["unless-stopped", true, 0, 0, "asked", "asked"],
  ["on-failure", false, 0, 0, "succeeded", "succeeded"],
  ["on-failure", false, 1, 9999, "restart", "restart"],
  ["on-failure", false, null, 0, "restart", "restart"],
  ["on-failure", true, 137, 0, "asked", "asked"],
  ["on-failure:2", false, 1, 1, "restart", "restart"],
  ["on-failure:2", false, 1, 2, "exhausted", "exhausted"],
  ["on-failure:2", false, 0, 2, "succeeded", "succeeded"],
] as const)("%s, asked to end: %s, exit code %s after %s restarts: %s, and %s at a takeover", (...row) => {
  const [policy, halted, exitCode, restarts, atEnd, atTakeover] = row;
  const run = { rule: rule(policy), halted, exitCode, restarts };
  expect(verdict(run)).toBe(atEnd);
  expect(verdict({ ...run, occasion: "takeover" })).toBe(atTakeover);
});

test.each([
  // delay before it, how long it ran, delay now
  [0, 0, 100],
  [100, 0, 200],
  [200, 9_999, 400],
  [51_200, 0, 60_000],
  [60_000, 0, 60_000],
  [60_000, 10_000, 100],
  // Another machine's clock, or one that was restarted.
  [100, -1, 200],
  [0, 10_000_000, 100],
])("after a delay of %i ms and a run of %i ms the next delay is %i ms", (delayMs, ranMs, expected) => {
  expect(decideRestart(ended({ delayMs, ranMs }))).toEqual({ restart: true, delayMs: expected });
});

test("a new supervisor does not wait", () => {
  expect(decideRestart(ended({ occasion: "takeover", delayMs: 60_000 }))).toEqual({ restart: true, delayMs: 0 });
});
