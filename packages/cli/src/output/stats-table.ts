import type { BoxStats } from "@a3s/box-runtime";
import prettyBytes from "pretty-bytes";
import { formatTable } from "./table.ts";

/** What a box uses, and which one it is. */
export interface BoxReading extends BoxStats {
  readonly id: string;
  readonly name: string;
}

/** One that uses nothing, since it does not run. */
export type RestingBox = Pick<BoxReading, "id" | "name">;

/** What boxes use, for people, a line for each; percents are of one CPU, and of the box's memory. */
export function formatStats(readings: readonly (BoxReading | RestingBox)[]): string {
  const rows = readings.map((reading) => [reading.id, reading.name, ...("cpu" in reading ? figures(reading) : NONE)]);
  return formatTable(["BOX ID", "NAME", "CPU %", "MEMORY", "MEMORY %", "DISK READ / WRITTEN", "LOAD", "TASKS"], rows);
}

/** As docker has it. */
const NONE = ["--", "-- / --", "--", "-- / --", "--", "--"];

function figures({ cpu, memory, disk, load, taskCount }: BoxReading): readonly string[] {
  return [
    `${cpu.percent.toFixed(1)}%`,
    `${prettyBytes(memory.usedBytes, { binary: true })} / ${prettyBytes(memory.totalBytes, { binary: true })}`,
    `${((100 * memory.usedBytes) / (memory.totalBytes || 1)).toFixed(1)}%`,
    [disk?.readBytes, disk?.writtenBytes].map((count) => (count === undefined ? "--" : prettyBytes(count))).join(" / "),
    load.map((each) => each.toFixed(2)).join(" "),
    String(taskCount),
  ];
}
