import { create } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { durationFromMs, durationToMs } from "./duration.ts";

test.each([0, 1, 999.5, 1000, 1500.25, 3_600_000])("%d ms survive the wire", (ms) => {
  expect(durationToMs(create(DurationSchema, durationFromMs(ms)))).toBe(ms);
});

test.each([
  [-5n, 0, 0],
  [0n, -1, 0],
  [2n ** 62n, 0, 366 * 86_400_000],
])("a guest's %i s and %i ns are taken as %d ms", (seconds, nanos, ms) => {
  expect(durationToMs(create(DurationSchema, { seconds, nanos }))).toBe(ms);
});

test("no duration is 0", () => {
  expect(durationToMs(undefined)).toBe(0);
});
