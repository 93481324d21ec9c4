import { expect, test } from "vitest";
import { parseDuration, parseLifetime } from "./duration.ts";

test.each([
  ["0", 0],
  ["30", 30_000],
  ["500ms", 500],
  ["1.5s", 1500],
  ["1h30m", 5_400_000],
  ["2m1s1ms", 121_001],
])("%s is %i ms", (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});

test.each(["", "s", "-1s", "1d", "1 s", "1s!", "1e3s"])("%j is none", (text) => {
  expect(() => parseDuration(text)).toThrow("500ms, 30s or 1h30m");
});

test("a lifetime is a time, or none", () => {
  expect([parseLifetime("1m"), parseLifetime("none")]).toEqual([60_000, "none"]);
  expect(() => parseLifetime("soon")).toThrow("500ms, 30s or 1h30m");
});
