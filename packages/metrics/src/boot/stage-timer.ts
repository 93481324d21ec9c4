import { type BootStageTiming, BootTimings } from "./boot-timings.ts";

/** A clock that never goes back, in milliseconds; `performance.now` is one. */
export type MonotonicClock = () => number;

/**
 * Takes the time of stages that follow one another.
 *
 * ```ts
 * const timer = new StageTimer();
 * timer.begin("image");
 * timer.begin("rootfs"); // ends "image"
 * const timings = timer.finish();
 * ```
 */
export class StageTimer {
  readonly #clock: MonotonicClock;
  readonly #startedAt: number;
  readonly #stages: BootStageTiming[] = [];
  #current: { readonly name: string; readonly at: number } | undefined;

  /** The boot begins now. */
  constructor(clock: MonotonicClock = () => performance.now()) {
    this.#clock = clock;
    this.#startedAt = clock();
  }

  /** Name of the stage that runs. */
  get current(): string | undefined {
    return this.#current?.name;
  }

  /**
   * Begins a stage and ends the one before.
   *
   * @param at When it began, on the timer's clock; now by default. A time before the stage before it began counts as that begin.
   */
  begin(name: string, at: number = this.#clock()): void {
    const began = Math.max(at, this.#current?.at ?? this.#startedAt);
    this.#end(began);
    this.#current = { name, at: began };
  }

  /** Ends the last stage. The timer can go on: what follows is a boot that took longer. */
  finish(at: number = this.#clock()): BootTimings {
    const ended = Math.max(at, this.#current?.at ?? this.#startedAt);
    this.#end(ended);
    return new BootTimings({ totalMs: ended - this.#startedAt, stages: [...this.#stages] });
  }

  #end(at: number): void {
    if (this.#current === undefined) return;
    const { name, at: began } = this.#current;
    this.#stages.push({ name, startMs: began - this.#startedAt, durationMs: at - began });
    this.#current = undefined;
  }
}
