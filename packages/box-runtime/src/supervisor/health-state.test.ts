import { expect, test } from "vitest";
import { type BoxHealthCheck, nextHealth, UNCHECKED } from "./health-state.ts";

const check = (exitCode: number | null, output = ""): BoxHealthCheck => ({
  ...{ at: "2026-01-01T00:00:00.000Z", durationMs: 1, exitCode, output },
});

/** Statuses and streaks after each of some checks, which come every 10 ms. */
function course(exitCodes: readonly (number | null)[], options: { retries: number; startPeriodMs: number }) {
  let health = UNCHECKED;
  return exitCodes.map((exitCode, index) => {
    health = nextHealth(health, check(exitCode), options, index * 10);
    return `${health.status} ${health.failingStreak}`;
  });
}

test.each([
  ["one success is enough", [0], 3, 0, ["healthy 0"]],
  ["failures in a row count", [1, 1, 1, 1], 3, 0, ["starting 1", "starting 2", "unhealthy 3", "unhealthy 4"]],
  ["a success begins anew", [1, 1, 0, 1], 3, 0, ["starting 1", "starting 2", "healthy 0", "healthy 1"]],
  ["an unhealthy box gets healthy", [1, 0], 1, 0, ["unhealthy 1", "healthy 0"]],
  ["a check without exit code fails", [null], 1, 0, ["unhealthy 1"]],
  ["the start period forgives", [1, 1, 1, 1], 2, 20, ["starting 0", "starting 0", "starting 1", "unhealthy 2"]],
  ["but not a box that was healthy", [0, 1, 1], 2, 1000, ["healthy 0", "healthy 1", "unhealthy 2"]],
] as const)("%s", (_, exitCodes, retries, startPeriodMs, expected) => {
  expect(course(exitCodes, { retries, startPeriodMs })).toEqual(expected);
});

test("the last five checks are remembered", () => {
  let health = UNCHECKED;
  for (let index = 0; index < 8; index++) {
    health = nextHealth(health, check(1, `${index}`), { retries: 3, startPeriodMs: 0 }, 0);
  }
  expect(health.checks.map(({ output }) => output)).toEqual(["3", "4", "5", "6", "7"]);
});
