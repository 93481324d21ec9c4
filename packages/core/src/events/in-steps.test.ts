import { expect, test } from "vitest";
import { inSteps } from "./in-steps.ts";

const KIB = 1024;

function readings(total: number, piece: number, from = 0): number[] {
  const reported: number[] = [];
  const count = inSteps(total, (bytes) => reported.push(bytes), from);
  for (let bytes = from + piece; bytes <= total; bytes += piece) count(bytes);
  return reported;
}

test("a large count is read in fiftieths", () => {
  expect(readings(100_000 * KIB, KIB)).toEqual(Array.from({ length: 50 }, (_, step) => (step + 1) * 2000 * KIB));
});

test("steps have at least 64 KiB, so that a small count is not read at all", () => {
  expect(readings(150 * KIB, KIB)).toEqual([64 * KIB, 128 * KIB]);
  expect(readings(63 * KIB, KIB)).toEqual([]);
});

test("a count that starts later has its first step after that", () => {
  expect(readings(150 * KIB, KIB, 80 * KIB)).toEqual([144 * KIB]);
});
