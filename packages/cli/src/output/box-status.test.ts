import type { BoxSummary } from "@a3s/box-runtime";
import { expect, test } from "vitest";
import { formatStatus } from "./box-status.ts";

const now = Date.parse("2026-01-31T12:00:00Z");
const startedAt = "2026-01-31T11:55:00Z";
const box: BoxSummary = { id: "abc", name: "web", image: "a", command: [], labels: {}, ports: [], state: "running" };
const exit = { exitCode: 3, signal: null, meaning: "it ended", endedAt: "2026-01-31T11:59:00Z" };

test.each<[Partial<BoxSummary>, string]>([
  [{ startedAt }, "Up 5 minutes"],
  [{}, "Up"],
  [{ startedAt, health: "starting" }, "Up 5 minutes (health: starting)"],
  [{ startedAt, health: "healthy" }, "Up 5 minutes (healthy)"],
  [{ health: "unhealthy" }, "Up (unhealthy)"],
  [{ state: "stopped", exit, nextStartAt: startedAt }, "Restarting (3) about a minute ago"],
  [{ state: "stopped", startedAt, exit }, "Exited (3) about a minute ago"],
  [{ state: "stopped", exit: { ...exit, exitCode: null, endedAt: null } }, "Exited (unknown)"],
  [{ state: "stopped" }, "Exited (unknown)"],
  [{ state: "created" }, "Created"],
  [{ state: "damaged" }, "Damaged"],
])("%j: %s", (change, text) => {
  expect(formatStatus({ ...box, ...change }, now)).toBe(text);
});
