/** Readings of one count, at most. */
const STEPS = 50;
/** Less than this is not worth a reading of its own. */
const MIN_STEP_BYTES = 64 * 1024;

/**
 * Thins out the readings of a count of bytes that grows to `total`: some 50 of them reach `report`, and none that has grown by less than
 * 64 KiB.
 *
 * @param from bytes that the count starts with.
 */
export function inSteps(total: number, report: (bytes: number) => void, from = 0): (bytes: number) => void {
  const step = Math.max(total / STEPS, MIN_STEP_BYTES);
  let reported = from;
  return (bytes) => {
    if (bytes - reported < step) return;
    reported = bytes;
    report(bytes);
  };
}
