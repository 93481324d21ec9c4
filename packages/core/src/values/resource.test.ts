import { expect, test } from "vitest";
import { limitValue } from "./resource.ts";

test.each<[number, bigint | undefined]>([
  [0, 0n],
  [1024, 1024n],
  [Number.POSITIVE_INFINITY, 0xffff_ffff_ffff_ffffn],
  [-1, undefined],
  [1.5, undefined],
  [Number.NaN, undefined],
])("%s is %s to the kernel", (limit, value) => {
  expect(limitValue(limit)).toBe(value);
});
