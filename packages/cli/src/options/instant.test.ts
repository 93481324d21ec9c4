import { expect, test } from "vitest";
import { parseInstant } from "./instant.ts";

const now = Date.parse("2026-01-31T12:00:00Z");

test.each([
  ["2026-01-31T11:00:00Z", "2026-01-31T11:00:00.000Z"],
  ["2026-01-31T11:00:00.5+01:00", "2026-01-31T10:00:00.500Z"],
  ["2026-01-30", "2026-01-30T00:00:00.000Z"],
  ["1769860800", "2026-01-31T12:00:00.000Z"],
  ["1769860800.25", "2026-01-31T12:00:00.250Z"],
  ["10m", "2026-01-31T11:50:00.000Z"],
  ["1h30m", "2026-01-31T10:30:00.000Z"],
  ["1.5s", "2026-01-31T11:59:58.500Z"],
  ["250ms", "2026-01-31T11:59:59.750Z"],
])("%s", (text, iso) => {
  expect(parseInstant(text, now).toISOString()).toBe(iso);
});

test.each(["", "yesterday", "-5m", "10x", "5m ago", "2026-13-01", "1e400"])("%j is refused", (text) => {
  expect(() => parseInstant(text, now)).toThrow("is not a time");
});
