import type { JailMeasure } from "../../process/jail.ts";
import type { StartRequest } from "../request/start-request.ts";

/** Descriptors of the VM process. The first three are /dev/null, the console's pipe and the starter's stderr. */
export const DESCRIPTORS = {
  consoleIn: 3,
  consoleOut: 4,
  report: 5,
  stdout: 6,
  stderr: 7,
  /** Held open, and never written to; not there without a state. */
  alive: 8,
  /** Of the {@link ChildRequest}, which is read to its end and closed. */
  request: 9,
} as const;

/** Begins the line on the report pipe that says that only `krun_start_enter` is left; the measures in force follow. */
export const STARTING = "starting ";

/** What the monitor tells the VM process: plain data that it has checked. */
export interface ChildRequest extends Pick<StartRequest, "libkrun" | "libkrunfw" | "calls" | "jail"> {
  readonly monitor: number;
  /** What was done before the process was started. */
  readonly inForce: readonly JailMeasure[];
  readonly missing: Readonly<Partial<Record<JailMeasure, string>>>;
}
