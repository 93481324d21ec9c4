export {
  type BootStageTiming,
  BootTimings,
  type BootTimingsJson,
  type ReportedStage,
} from "./boot/boot-timings.ts";
export { type MonotonicClock, StageTimer } from "./boot/stage-timer.ts";
export { BoxMetrics, type BoxMetricsOptions, type ExecReading } from "./instruments/box-metrics.ts";
export { ATTRIBUTES, INSTRUMENTS } from "./instruments/names.ts";
