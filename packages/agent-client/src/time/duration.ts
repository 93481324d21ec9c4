import type { Duration } from "@bufbuild/protobuf/wkt";

/** Most milliseconds that a guest's duration can mean here: one year. */
const MAX_MS = 366 * 24 * 60 * 60 * 1000;

/** A duration for the wire. */
export function durationFromMs(ms: number): { seconds: bigint; nanos: number } {
  const whole = Math.floor(ms / 1000);
  return { seconds: BigInt(whole), nanos: Math.round((ms - whole * 1000) * 1e6) };
}

/** A guest's duration in milliseconds, kept within 0 and one year whatever the guest sent; 0 when it sent none. */
export function durationToMs(duration: Duration | undefined): number {
  if (duration === undefined) return 0;
  return Math.min(MAX_MS, Math.max(0, Number(duration.seconds) * 1000 + duration.nanos / 1e6));
}
