import { expect, test } from "vitest";
import { compareStats } from "./read-stats.ts";

const reading = (uptimeMs: number, userMs: number) => ({
  uptimeMs,
  cpu: { count: 2, userMs, systemMs: 100, idleMs: 0, ioWaitMs: 0, stealMs: 0 },
  memory: { totalBytes: 1000, freeBytes: 100, availableBytes: 400, cachedBytes: 0 },
  network: { receivedBytes: 0, sentBytes: 0 },
  load: [1, 2, 3] as const,
  taskCount: 5,
});
const time = new Date(0);

test("a reading says what was used since the one before, of one CPU", () => {
  expect(compareStats(undefined, reading(1000, 200), time)).toEqual({
    time: "1970-01-01T00:00:00.000Z",
    uptimeMs: 1000,
    cpu: { count: 2, percent: 0, busyMs: 300 },
    memory: { totalBytes: 1000, usedBytes: 600 },
    load: [1, 2, 3],
    taskCount: 5,
  });
  expect(compareStats(reading(1000, 200), reading(2000, 1700), time).cpu.percent).toBe(150);
});

test("a guest that makes numbers up gets none that cannot be", () => {
  expect(compareStats(reading(1000, 0), reading(2000, 1e9), time).cpu.percent).toBe(200);
  expect(compareStats(reading(1000, 500), reading(2000, 0), time).cpu.percent).toBe(0);
  expect(compareStats(reading(1000, 0), reading(1000, 500), time).cpu.percent).toBe(0);
});
