import { createRequire } from "node:module";
import type { Counter, Histogram, MeterProvider, UpDownCounter } from "@opentelemetry/api";
import type { BootTimings } from "../boot/boot-timings.ts";
import { ATTRIBUTES, BOOT_SECONDS, EXEC_SECONDS, INSTRUMENTS, SCOPE } from "./names.ts";

/** Options of {@link BoxMetrics}. */
export interface BoxMetricsOptions {
  /** Where the instruments are made; the provider registered with @opentelemetry/api when left out, which is none by default. */
  readonly meterProvider?: MeterProvider | undefined;
}

/** How an exec ended, as it is counted. */
export interface ExecReading {
  readonly durationMs: number;
  /** The error's code when the command could not be run or its end is not known. A non-zero exit code is no error. */
  readonly errorCode?: string | undefined;
}

/** States in which there is no VM: they are not counted. */
const WITHOUT_VM: ReadonlySet<string> = new Set(["created", "stopped"]);

/**
 * What A3S Box tells OpenTelemetry. One instance may serve any number of boxes; without an SDK every call does nothing.
 *
 * Instruments, units and attributes are listed in {@link INSTRUMENTS} and in this package's README. No attribute holds an
 * id or a name of an image: those would make a time series each.
 */
export class BoxMetrics {
  readonly #bootDuration: Histogram;
  readonly #stageDuration: Histogram;
  readonly #bootErrors: Counter;
  readonly #vms: UpDownCounter;
  readonly #created: Counter;
  readonly #destroyed: Counter;
  readonly #execDuration: Histogram;
  readonly #execErrors: Counter;

  constructor(options: BoxMetricsOptions = {}) {
    const meter = (options.meterProvider ?? registeredProvider()).getMeter(SCOPE);
    const { bootDuration, bootStageDuration, bootErrors, vmCount, vmCreated, vmDestroyed } = INSTRUMENTS;
    const { execDuration, execErrors } = INSTRUMENTS;
    const boot = { advice: { explicitBucketBoundaries: [...BOOT_SECONDS] } };
    this.#bootDuration = meter.createHistogram(bootDuration.name, { ...bootDuration, ...boot });
    this.#stageDuration = meter.createHistogram(bootStageDuration.name, { ...bootStageDuration, ...boot });
    this.#bootErrors = meter.createCounter(bootErrors.name, bootErrors);
    this.#vms = meter.createUpDownCounter(vmCount.name, vmCount);
    this.#created = meter.createCounter(vmCreated.name, vmCreated);
    this.#destroyed = meter.createCounter(vmDestroyed.name, vmDestroyed);
    this.#execDuration = meter.createHistogram(execDuration.name, {
      ...execDuration,
      advice: { explicitBucketBoundaries: [...EXEC_SECONDS] },
    });
    this.#execErrors = meter.createCounter(execErrors.name, execErrors);
  }

  /** A VM became ready. */
  recordBoot(timings: BootTimings): void {
    this.#bootDuration.record(timings.totalMs / 1000);
    for (const stage of timings.stages) {
      this.#stageDuration.record(stage.durationMs / 1000, { [ATTRIBUTES.stage]: stage.name });
    }
  }

  /**
   * A VM did not become ready. Its duration is recorded when it is given.
   *
   * @param errorCode The error's code; "_OTHER", OpenTelemetry's word for it, when it has none.
   */
  recordBootFailure({ durationMs, errorCode = "_OTHER" }: Partial<ExecReading> = {}): void {
    const attributes = { [ATTRIBUTES.errorType]: errorCode };
    this.#bootErrors.add(1, attributes);
    if (durationMs !== undefined) this.#bootDuration.record(durationMs / 1000, attributes);
  }

  /** A box went from one state to another. "created" and "stopped" have no VM: leaving the one and reaching the other is counted. */
  recordState(from: string, to: string): void {
    const had = !WITHOUT_VM.has(from);
    const has = !WITHOUT_VM.has(to);
    if (had) this.#vms.add(-1, { [ATTRIBUTES.state]: from });
    if (has) this.#vms.add(1, { [ATTRIBUTES.state]: to });
    if (has && !had) this.#created.add(1);
    if (had && !has) this.#destroyed.add(1);
  }

  /** An exec ended. */
  recordExec({ durationMs, errorCode }: ExecReading): void {
    const attributes = errorCode === undefined ? {} : { [ATTRIBUTES.errorType]: errorCode };
    this.#execDuration.record(durationMs / 1000, attributes);
    if (errorCode !== undefined) this.#execErrors.add(1, attributes);
  }
}

/** Loaded when it is needed: it is 50 modules. All copies of the API share what is registered. */
function registeredProvider(): MeterProvider {
  const { metrics } = createRequire(import.meta.url)("@opentelemetry/api") as typeof import("@opentelemetry/api");
  return metrics.getMeterProvider();
}
