import { expect, test } from "vitest";
import { inLanes, machinesAtOnce } from "./lanes.ts";

const GIB = 1024 ** 3;

test.each([
  [1, 64 * GIB, 1],
  [2, 4 * GIB, 1],
  [2, 9 * GIB, 1],
  [2, 16 * GIB, 2],
  [4, 16 * GIB, 2],
  [64, 256 * GIB, 2],
])("%d cores and %d bytes have room for %d", (cores, bytes, machines) => {
  expect(machinesAtOnce(cores, bytes)).toBe(machines);
});

test("so many at a time, each once, with results in order", async () => {
  let running = 0;
  let most = 0;
  const results = await inLanes([5, 1, 4, 2, 3], 2, async (turns, index) => {
    most = Math.max(most, ++running);
    for (let turn = 0; turn < turns; turn++) await undefined;
    running--;
    return `${index}:${turns}`;
  });
  expect(results).toEqual(["0:5", "1:1", "2:4", "3:2", "4:3"]);
  expect(most).toBe(2);
});

test("a failure lets what has begun end, and nothing more begin", async () => {
  const ended: number[] = [];
  const running = inLanes([1, 2, 3, 4], 2, async (item) => {
    if (item === 1) throw new Error("broken");
    await undefined;
    ended.push(item);
  });
  await expect(running).rejects.toThrow("broken");
  expect(ended).toEqual([2]);
});
