import type { Readable, Writable } from "node:stream";

/** Time between two lines to the machine. */
const PULSE_MS = 1_000;

/** What came of listening to a machine's heart. */
export interface Heart {
  /** True when the heart was silent for too long, false when its stream ended before that. */
  readonly stopped: boolean;
  /** The longest time between two beats, in ms; the time to the first one is not among them. */
  readonly longestPauseMs: number;
}

/**
 * Listens to the beats of a machine's heart, whatever bytes they are, until none has come for `limitMs` or the stream
 * ends. The time to the first beat has the same limit, or `firstMs`.
 */
export function listenToHeart(beats: Readable, limitMs: number, firstMs = limitMs): Promise<Heart> {
  const { promise, resolve } = Promise.withResolvers<Heart>();
  let last: number | undefined;
  let longestPauseMs = 0;
  let timer = setTimeout(expired, firstMs);

  function beat(): void {
    const now = performance.now();
    if (last !== undefined) longestPauseMs = Math.max(longestPauseMs, now - last);
    last = now;
    clearTimeout(timer);
    timer = setTimeout(expired, limitMs);
  }
  function expired(): void {
    // Where this process itself stood still, the timer comes first and the beats of that time, which wait to be read, second.
    const before = last;
    setImmediate(() => {
      if (last === before) end(true);
    });
  }
  function end(stopped: boolean): void {
    clearTimeout(timer);
    beats.off("data", beat);
    resolve({ stopped, longestPauseMs });
  }

  beats.on("data", beat);
  beats.once("close", () => end(false));
  return promise;
}

/**
 * Sends the machine a line each second, which it answers with a beat. The line is also what wakes a machine whose CPU sleeps over an interrupt
 * that QEMU has lost: any other has it look at all that wait. See docs/decisions/0016.
 */
export function keepPulse(machine: Writable): Disposable {
  // A machine that has ended; whoever listens to it knows.
  machine.on("error", () => {});
  const timer = setInterval(() => machine.write("\n"), PULSE_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
