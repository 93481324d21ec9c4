import { BoxMetrics, StageTimer } from "@a3s/metrics";

// Take the time of a boot, stage by stage: a stage ends where the next one begins.
const timer = new StageTimer();
timer.begin("image");
timer.begin("kernel");
timer.begin("guest");
const timings = timer.finish().within("guest", [
  { name: "clock", durationMs: 0.2 },
  { name: "mounts", durationMs: 1.5 },
]);
console.log(`${timings}`); // a table for people
console.log(JSON.stringify(timings)); // plain data for programs

// Tell OpenTelemetry. Without an SDK these calls do nothing; with one, pass its MeterProvider or register it.
const metrics = new BoxMetrics();
metrics.recordBoot(timings);
metrics.recordState("created", "ready");
metrics.recordExec({ durationMs: 12 });
metrics.recordExec({ durationMs: 3, errorCode: "COMMAND_NOT_FOUND" });
metrics.recordState("ready", "stopped");
