import { InvalidArgumentError } from "commander";

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `500ms`, `30s` or `1h30m`, as docker has it; a bare number is seconds. */
export function parseDuration(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  if (!/^(\d{1,9}(\.\d{1,9})?(ms|[smh]))+$/.test(text)) {
    throw new InvalidArgumentError("It must be a time such as 500ms, 30s or 1h30m.");
  }
  const parts = [...text.matchAll(/([\d.]+)(ms|[smh])/g)];
  return Math.round(parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (UNITS_MS[unit] ?? 0), 0));
}

/** The same, or `none`. */
export function parseLifetime(text: string): number | "none" {
  return text === "none" ? text : parseDuration(text);
}
