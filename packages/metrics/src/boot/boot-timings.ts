/** One stage of a boot, on the clock of the boot. */
export interface BootStageTiming {
  /** Such as "rootfs"; a stage within another one is written "guest/mounts". */
  readonly name: string;
  /** From the begin of the boot to the begin of the stage, in milliseconds. */
  readonly startMs: number;
  readonly durationMs: number;
}

/** {@link BootTimings} as plain data, for files and wires. */
export interface BootTimingsJson {
  readonly totalMs: number;
  readonly stages: readonly BootStageTiming[];
}

/** A stage that was measured elsewhere, such as by the guest: how long it took is known, when it began is not. */
export interface ReportedStage {
  readonly name: string;
  readonly durationMs: number;
}

/**
 * How long each stage of a boot took. A value: every method leaves it as it is.
 *
 * ```ts
 * console.log(`${timings}`);
 * ```
 */
export class BootTimings {
  /** In the order in which they began. */
  readonly stages: readonly BootStageTiming[];
  /** From the begin of the boot to its end, in milliseconds. */
  readonly totalMs: number;

  constructor({ stages, totalMs }: BootTimingsJson) {
    this.stages = stages;
    this.totalMs = totalMs;
  }

  /**
   * With stages that were reported for the inside of `parent`, laid one after the other from its begin. They were measured by
   * another clock and are taken as they are. When there is no such stage, nothing is added.
   */
  within(parent: string, reported: readonly ReportedStage[]): BootTimings {
    const index = this.stages.findIndex((stage) => stage.name === parent);
    const outer = this.stages[index];
    if (outer === undefined) return this;
    let startMs = outer.startMs;
    const inner = reported.map(({ name, durationMs }) => {
      const stage = { name: `${parent}/${name}`, startMs, durationMs };
      startMs += durationMs;
      return stage;
    });
    return new BootTimings({ totalMs: this.totalMs, stages: this.stages.toSpliced(index + 1, 0, ...inner) });
  }

  toJSON(): BootTimingsJson {
    return { totalMs: this.totalMs, stages: this.stages };
  }

  /** A table for people: one line a stage with its begin, its duration and its share of the whole. */
  toString(): string {
    const rows = this.stages.map((stage) => ({
      name: stage.name.includes("/") ? `  ${stage.name.slice(stage.name.indexOf("/") + 1)}` : stage.name,
      start: stage.startMs.toFixed(1),
      duration: stage.durationMs.toFixed(1),
      share: this.totalMs > 0 ? `${Math.round((100 * stage.durationMs) / this.totalMs)}%` : "-",
    }));
    const table = [
      { name: "stage", start: "begin ms", duration: "took ms", share: "share" },
      ...rows,
      { name: "total", start: "", duration: this.totalMs.toFixed(1), share: "" },
    ];
    const width = Math.max(...table.map((row) => row.name.length));
    const line = (row: (typeof table)[number]) =>
      `${row.name.padEnd(width)}  ${row.start.padStart(9)}  ${row.duration.padStart(9)}  ${row.share.padStart(5)}`;
    return table.map((row) => line(row).trimEnd()).join("\n");
  }
}
