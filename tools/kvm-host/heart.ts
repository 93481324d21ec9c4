import type { Readable } from "node:stream";

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
