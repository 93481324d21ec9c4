import { expect, test } from "vitest";
import { type BoxReading, formatStats } from "./stats-table.ts";

const reading: BoxReading = {
  id: "abc123abc123",
  name: "web",
  time: "2026-01-31T12:00:00.000Z",
  uptimeMs: 1000,
  cpu: { count: 2, percent: 151.26, busyMs: 10 },
  memory: { totalBytes: 1024 ** 3, usedBytes: 256 * 1024 ** 2 },
  load: [0.5, 0.25, 0.125],
  taskCount: 42,
  disk: { readBytes: 5_000_000, writtenBytes: 0 },
  network: { receivedBytes: 0, sentBytes: 2000 },
};

test("readings stand in columns", () => {
  expect(formatStats([reading]).split("\n")[1]?.split(/ {2,}/)).toEqual([
    "abc123abc123",
    "web",
    "151.3%",
    "256 MiB / 1 GiB",
    "25.0%",
    "0 B / 2 kB",
    "5 MB / 0 B",
    "0.50 0.25 0.13",
    "42",
  ]);
});

test("one that does not run has no figures", () => {
  expect(formatStats([{ id: "abc123abc123", name: "web" }])).toMatch(
    /\nabc123abc123 +web +-- +-- \/ -- +-- +-- \/ -- +-- \/ -- +-- +--\n$/,
  );
});

test("what nobody counts is not 0", () => {
  const { network: _, disk: __, ...rest } = reading;
  expect(formatStats([rest])).toMatch(/25\.0% +-- \/ -- +-- \/ -- +0\.50/);
});

test("a guest that says it has no memory breaks nothing", () => {
  expect(formatStats([{ ...reading, memory: { totalBytes: 0, usedBytes: 0 } }])).toContain("0.0%");
});
