import { cpus, totalmem } from "node:os";

/** One measured figure held against its bar. */
export interface BenchCheck {
  readonly name: string;
  readonly value: number;
  readonly bar: number;
  readonly better: "lower" | "higher";
}

/** The middle one of the values; the mean of the two middle ones for an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] =
    sorted.length % 2 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1, middle + 1);
  return (low + high) / 2;
}

/** Rows as aligned columns, numbers to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, column) => Math.max(all[column] ?? 0, cell.length)),
    [],
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          /^[\d.]+$/.test(cell) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** The last line of every benchmark: one JSON object for programs. */
export function benchLine(bench: string, checks: readonly BenchCheck[]): string {
  const judged = checks.map((check) => ({
    ...check,
    value: Number(check.value.toFixed(3)),
    ok: check.better === "lower" ? check.value <= check.bar : check.value >= check.bar,
  }));
  const machine = {
    cpu: cpus()[0]?.model ?? "unknown",
    cpus: cpus().length,
    memoryMib: Math.round(totalmem() / 1024 ** 2),
    node: process.version,
  };
  return JSON.stringify({ bench, checks: judged, machine });
}
