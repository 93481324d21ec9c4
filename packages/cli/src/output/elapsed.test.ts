import { expect, test } from "vitest";
import { formatElapsed } from "./elapsed.ts";

test.each([
  [-5, "Less than a second"],
  [999, "Less than a second"],
  [1000, "1 second"],
  [59_999, "59 seconds"],
  [60_000, "About a minute"],
  [120_000, "2 minutes"],
  [59 * 60_000, "59 minutes"],
  [3_600_000, "About an hour"],
  [47 * 3_600_000, "47 hours"],
  [48 * 3_600_000, "2 days"],
  [14 * 86_400_000, "2 weeks"],
  [61 * 86_400_000, "2 months"],
  [730 * 86_400_000, "2 years"],
])("%i ms are %s", (ms, text) => {
  expect(formatElapsed(ms)).toBe(text);
});
