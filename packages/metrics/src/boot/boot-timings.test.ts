import { expect, test } from "vitest";
import { BootTimings } from "./boot-timings.ts";

const timings = new BootTimings({
  totalMs: 200,
  stages: [
    { name: "kernel", startMs: 0, durationMs: 150 },
    { name: "guest", startMs: 150, durationMs: 50 },
  ],
});

test("stages reported by the guest are laid one after the other into their stage", () => {
  const merged = timings.within("guest", [
    { name: "clock", durationMs: 10 },
    { name: "mounts", durationMs: 30 },
  ]);
  expect(merged.stages).toEqual([
    { name: "kernel", startMs: 0, durationMs: 150 },
    { name: "guest", startMs: 150, durationMs: 50 },
    { name: "guest/clock", startMs: 150, durationMs: 10 },
    { name: "guest/mounts", startMs: 160, durationMs: 30 },
  ]);
  expect(merged.totalMs).toBe(200);
  expect(timings.stages).toHaveLength(2);
});

test("stages for an unknown stage are left out", () => {
  expect(timings.within("nowhere", [{ name: "clock", durationMs: 1 }])).toEqual(timings);
});

test("the table for people has a line a stage, inner stages indented", () => {
  expect(`${timings.within("guest", [{ name: "mounts", durationMs: 30 }])}`).toBe(
    [
      "stage      begin ms    took ms  share",
      "kernel          0.0      150.0    75%",
      "guest         150.0       50.0    25%",
      "  mounts      150.0       30.0    15%",
      "total                    200.0",
    ].join("\n"),
  );
});

test("a boot without stages prints a table, too", () => {
  expect(`${new BootTimings({ totalMs: 0, stages: [] })}`).toContain("total");
});

test("JSON and back is the same value", () => {
  expect(new BootTimings(JSON.parse(JSON.stringify(timings)))).toEqual(timings);
});
