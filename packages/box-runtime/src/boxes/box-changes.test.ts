import { parseBoxConfig } from "@a3s/core";
import { expect, test } from "vitest";
import type { BoxChanges } from "./box.ts";
import { changeConfig } from "./box-changes.ts";

const details = { intervalMs: 1000, timeoutMs: 2000, retries: 4, startPeriodMs: 5 };
const before = parseBoxConfig({
  ...{ image: "a", env: { A: "1" }, labels: { a: "1" }, restart: "always", lifetimeMs: 7 },
  healthCheck: { test: ["probe"], ...details },
});

test.each<[string, BoxChanges, object]>([
  ["nothing", {}, {}],
  ["nothing that is named", { labels: undefined, lifetimeMs: undefined, healthCheck: undefined }, {}],
  ["labels as a whole", { labels: { b: "2" } }, { labels: { b: "2" } }],
  ["a policy", { restart: "no" }, { restart: "no" }],
  ["a lifetime", { lifetimeMs: 9 }, { lifetimeMs: 9 }],
  ["a lifetime taken away", { lifetimeMs: null }, { lifetimeMs: undefined }],
  ["a check taken away", { healthCheck: null }, { healthCheck: undefined }],
  ["a field of a check", { healthCheck: { retries: 1 } }, { healthCheck: { test: ["probe"], ...details, retries: 1 } }],
  ["a check's command", { healthCheck: { test: "grpc" } }, { healthCheck: { test: "grpc", ...details } }],
])("%s", (_, changes, expected) => {
  expect(changeConfig(before, changes)).toEqual({ ...before, ...expected });
});

test("a box without a check gets one whole or not at all, and nonsense is refused", () => {
  const bare = parseBoxConfig({ image: "a" });
  expect(changeConfig(bare, { healthCheck: { test: "grpc" } }).healthCheck).toEqual({
    ...{ test: "grpc", intervalMs: 30_000, timeoutMs: 30_000, retries: 3, startPeriodMs: 0 },
  });
  expect(changeConfig(bare, { healthCheck: null, lifetimeMs: null })).toEqual(bare);
  expect(() => changeConfig(bare, { healthCheck: { retries: 2 } })).toThrow(
    expect.objectContaining({ code: "COMMAND_MISSING" }),
  );
  for (const changes of [{ stopGraceMs: -1 }, { lifetimeMs: 0 }, { healthCheck: { test: [] } }]) {
    expect(() => changeConfig(before, changes)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  }
});
