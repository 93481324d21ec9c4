import { InvalidArgumentError } from "commander";

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A point in time as docker has it: ISO 8601, seconds since 1970, or as long ago as `10m` or `1h30m` says. */
export function parseInstant(text: string, nowMs: number): Date {
  const date = new Date(millisecondsOf(text, nowMs));
  if (!Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError(
    `${JSON.stringify(text)} is not a time such as 2026-01-31T12:00:00Z, 1769860800 or 10m`,
  );
}

function millisecondsOf(text: string, nowMs: number): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^(\d+(\.\d+)?(ms|[smh]))+$/.test(text)) {
    const parts = [...text.matchAll(/([\d.]+)(ms|[smh])/g)];
    return nowMs - parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (UNITS_MS[unit] ?? 0), 0);
  }
  return /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
}
