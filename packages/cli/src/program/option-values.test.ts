import { expect, test } from "vitest";
import { integer, mebibytes } from "./option-values.ts";

test.each([
  ["512", 512],
  ["512m", 512],
  ["512MB", 512],
  ["2g", 2048],
  ["1048577b", 2],
  ["1k", 1],
])("%s are %i MiB", (text, mib) => {
  expect(mebibytes(text)).toBe(mib);
});

test.each(["", "m", "-1", "1.5g", "1t", "1 g"])("%j is no size", (text) => {
  expect(() => mebibytes(text)).toThrow("512m or 2g");
});

test.each(["", "-1", "1.5", "0x10", "1e3", "1234567890"])("%j is no whole number", (text) => {
  expect(() => integer(text)).toThrow("whole number");
});
