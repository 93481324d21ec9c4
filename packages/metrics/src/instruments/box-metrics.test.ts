import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { expect, test } from "vitest";
import { BootTimings } from "../boot/boot-timings.ts";
import { BoxMetrics } from "./box-metrics.ts";
import { INSTRUMENTS } from "./names.ts";

function meteredBox() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const meterProvider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });
  const read = async (name: string) => {
    await meterProvider.forceFlush();
    const scope = exporter.getMetrics().at(-1)?.scopeMetrics[0];
    const metric = scope?.metrics.find(({ descriptor }) => descriptor.name === name);
    await meterProvider.shutdown();
    return { unit: metric?.descriptor.unit, points: metric?.dataPoints.map((p) => [p.attributes, p.value]) };
  };
  return { box: new BoxMetrics({ meterProvider }), read };
}

const timings = new BootTimings({
  totalMs: 1500,
  stages: [
    { name: "kernel", startMs: 0, durationMs: 500 },
    { name: "guest", startMs: 500, durationMs: 1000 },
  ],
});

test("a boot is recorded in seconds", async () => {
  const { box, read } = meteredBox();
  box.recordBoot(timings);
  expect(await read("a3s.vm.boot.duration")).toMatchObject({ unit: "s", points: [[{}, { count: 1, sum: 1.5 }]] });
});

test("each stage of a boot is recorded under its name", async () => {
  const { box, read } = meteredBox();
  box.recordBoot(timings);
  expect((await read("a3s.vm.boot.stage.duration")).points).toMatchObject([
    [{ "a3s.vm.boot.stage": "kernel" }, { sum: 0.5 }],
    [{ "a3s.vm.boot.stage": "guest" }, { sum: 1 }],
  ]);
});

test("a failed boot is counted by its error, its duration only when known", async () => {
  const { box, read } = meteredBox();
  box.recordBootFailure();
  box.recordBootFailure({ errorCode: "BOOT_TIMEOUT" });
  expect((await read("a3s.vm.boot.errors")).points).toEqual([
    [{ "error.type": "_OTHER" }, 1],
    [{ "error.type": "BOOT_TIMEOUT" }, 1],
  ]);
});

test("a failed boot's duration carries the error", async () => {
  const { box, read } = meteredBox();
  box.recordBootFailure();
  box.recordBootFailure({ errorCode: "BOOT_TIMEOUT", durationMs: 30_000 });
  expect((await read("a3s.vm.boot.duration")).points).toMatchObject([
    [{ "error.type": "BOOT_TIMEOUT" }, { count: 1, sum: 30 }],
  ]);
});

test("VMs are counted by state; a box without a VM is not one", async () => {
  const { box, read } = meteredBox();
  for (const [from, to] of [
    ["created", "ready"],
    ["created", "ready"],
    ["ready", "busy"],
    ["ready", "stopped"],
    ["created", "stopped"],
  ] as const) {
    box.recordState(from, to);
  }
  expect((await read("a3s.vm.count")).points).toEqual([
    [{ "a3s.vm.state": "ready" }, 0],
    [{ "a3s.vm.state": "busy" }, 1],
  ]);
});

test.each([
  ["a3s.vm.created", 2],
  ["a3s.vm.destroyed", 1],
])("%s counts the edges of a VM's life", async (name, expected) => {
  const { box, read } = meteredBox();
  box.recordState("created", "ready");
  box.recordState("created", "ready");
  box.recordState("ready", "busy");
  box.recordState("busy", "stopped");
  expect((await read(name)).points).toEqual([[{}, expected]]);
});

test("execs are recorded in seconds, failed ones by their error", async () => {
  const { box, read } = meteredBox();
  box.recordExec({ durationMs: 250 });
  box.recordExec({ durationMs: 10, errorCode: "COMMAND_NOT_FOUND" });
  expect((await read("a3s.exec.duration")).points).toMatchObject([
    [{}, { sum: 0.25 }],
    [{ "error.type": "COMMAND_NOT_FOUND" }, { sum: 0.01 }],
  ]);
});

test("errors of execs are counted, successes are not", async () => {
  const { box, read } = meteredBox();
  box.recordExec({ durationMs: 250 });
  box.recordExec({ durationMs: 10, errorCode: "COMMAND_NOT_FOUND" });
  expect((await read("a3s.exec.errors")).points).toEqual([[{ "error.type": "COMMAND_NOT_FOUND" }, 1]]);
});

test("without a provider nothing happens and nothing fails", () => {
  const box = new BoxMetrics();
  box.recordBoot(timings);
  box.recordState("created", "ready");
  box.recordExec({ durationMs: 1 });
});

test("names are lower case, namespaced and carry no unit", () => {
  for (const { name } of Object.values(INSTRUMENTS)) {
    expect(name).toMatch(/^a3s\.(vm|exec)\.[a-z.]+$/);
    expect(name).not.toMatch(/seconds|_ms|total/);
  }
});
