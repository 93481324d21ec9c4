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
  return formatTable(
    ["BOX ID", "NAME", "CPU %", "MEMORY", "MEMORY %", "NET I/O", "DISK READ / WRITTEN", "LOAD", "TASKS"],
    rows,
  );
}

/** As docker has it. */
const NONE = ["--", "-- / --", "--", "-- / --", "-- / --", "--", "--"];

function figures({ cpu, memory, network, disk, load, taskCount }: BoxReading): readonly string[] {
  return [
    `${cpu.percent.toFixed(1)}%`,
    `${prettyBytes(memory.usedBytes, { binary: true })} / ${prettyBytes(memory.totalBytes, { binary: true })}`,
    `${((100 * memory.usedBytes) / (memory.totalBytes || 1)).toFixed(1)}%`,
    pair(network?.receivedBytes, network?.sentBytes),
    pair(disk?.readBytes, disk?.writtenBytes),
    load.map((each) => each.toFixed(2)).join(" "),
    String(taskCount),
  ];
}

/** What nobody counts is not 0. */
function pair(...counts: readonly (number | undefined)[]): string {
  return counts.map((count) => (count === undefined ? "--" : prettyBytes(count))).join(" / ");
}
