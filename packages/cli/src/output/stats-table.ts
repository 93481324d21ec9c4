import type { BoxStats } from "@a3s/box-runtime";
import prettyBytes from "pretty-bytes";
import { formatTable } from "./table.ts";

/** What a box uses, and which one it is. */
export interface BoxReading extends BoxStats {
  readonly id: string;
  readonly name: string;
}

/** What boxes use, for people, a line for each; percents are of one CPU, and of the box's memory. */
export function formatStats(readings: readonly BoxReading[]): string {
  const rows = readings.map(({ id, name, cpu, memory, load, taskCount }) => [
    id,
    name,
    `${cpu.percent.toFixed(1)}%`,
    `${prettyBytes(memory.usedBytes, { binary: true })} / ${prettyBytes(memory.totalBytes, { binary: true })}`,
    `${((100 * memory.usedBytes) / (memory.totalBytes || 1)).toFixed(1)}%`,
    load.map((each) => each.toFixed(2)).join(" "),
    String(taskCount),
  ]);
  return formatTable(["BOX ID", "NAME", "CPU %", "MEMORY", "MEMORY %", "LOAD", "TASKS"], rows);
}
