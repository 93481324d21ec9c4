import { expect, test } from "vitest";
import { StageTimer } from "./stage-timer.ts";

function clockOf(...times: number[]): () => number {
  return () => times.shift() ?? Number.NaN;
}

test("each stage lasts until the next begins, the last until the finish", () => {
  const timer = new StageTimer(clockOf(1000, 1001, 1011, 1041));
  timer.begin("image");
  expect(timer.current).toBe("image");
  timer.begin("rootfs");
  const timings = timer.finish();
  expect(timings.toJSON()).toEqual({
    totalMs: 41,
    stages: [
      { name: "image", startMs: 1, durationMs: 10 },
      { name: "rootfs", startMs: 11, durationMs: 30 },
    ],
  });
  expect(timer.current).toBeUndefined();
});

test("a stage may begin at a time that was noted earlier", () => {
  const timer = new StageTimer(clockOf(0, 0));
  timer.begin("kernel");
  timer.begin("guest", 70);
  expect(timer.finish(100).stages.map((stage) => stage.durationMs)).toEqual([70, 30]);
});

test("no duration is negative, whatever times are given", () => {
  const timer = new StageTimer(clockOf(100));
  timer.begin("a", 50);
  timer.begin("b", 40);
  const timings = timer.finish(0);
  expect(timings.stages.map((stage) => stage.durationMs)).toEqual([0, 0]);
  expect(timings.totalMs).toBe(0);
});

test("without a clock it uses a monotonic one in milliseconds", () => {
  const timer = new StageTimer();
  timer.begin("only");
  const { totalMs, stages } = timer.finish();
  expect(stages).toHaveLength(1);
  expect(totalMs).toBeGreaterThanOrEqual(0);
  expect(totalMs).toBeLessThan(10_000);
});
