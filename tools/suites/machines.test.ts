import { expect, test } from "vitest";
import { machinesAtOnce } from "./machines.ts";

const GIB = 1024 ** 3;

test.each([
  [1, 64 * GIB, 1],
  [2, 4 * GIB, 1],
  [2, 9 * GIB, 1],
  [2, 13 * GIB, 1],
  [2, 14 * GIB, 2],
  [2, 16 * GIB, 2],
  [4, 16 * GIB, 2],
  [64, 256 * GIB, 2],
])("%d cores and %d bytes have room for %d", (cores, bytes, machines) => {
  expect(machinesAtOnce(cores, bytes)).toBe(machines);
});
