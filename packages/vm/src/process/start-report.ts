import * as v from "valibot";
import { JAIL_MEASURES, type JailMeasure } from "./jail.ts";

/** What vm-host says when it starts the guest. */
export interface StartReport {
  /** Of the VM process. */
  readonly pid: number;
  /** The measures that are in force. */
  readonly jail: readonly JailMeasure[];
}

const report = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    event: v.literal("starting"),
    pid: v.pipe(v.number(), v.integer(), v.minValue(2)),
    jail: v.array(v.picklist(JAIL_MEASURES)),
  }),
);

/** Reads the line of the report; undefined when it is another line. */
export function readStartReport(line: string): StartReport | undefined {
  const result = v.safeParse(report, line);
  return result.success ? result.output : undefined;
}
