import { describe, expect, test } from "vitest";
import { closingLine, none, oneFailed, onePassed, sum, withCrash } from "./counts.ts";

test("sums every column", () => {
  expect(sum([onePassed, oneFailed, { passed: 3, failed: 0, skipped: 2 }])).toEqual({
    passed: 4,
    failed: 1,
    skipped: 2,
  });
  expect(sum([])).toEqual(none);
});

describe("a runner's exit code", () => {
  test("makes a failure where none was counted", () => {
    expect(withCrash({ passed: 9, failed: 0, skipped: 0 }, 1)).toEqual({ passed: 9, failed: 1, skipped: 0 });
    expect(withCrash(none, 134)).toEqual(oneFailed);
  });
  test("adds nothing to counted failures or to success", () => {
    expect(withCrash({ passed: 1, failed: 2, skipped: 0 }, 1).failed).toBe(2);
    expect(withCrash(onePassed, 0)).toEqual(onePassed);
  });
});

test("the closing line names skipped tests only where there are any", () => {
  expect(closingLine({ passed: 12, failed: 0, skipped: 0 })).toBe("12 passed, 0 failed");
  expect(closingLine({ passed: 12, failed: 3, skipped: 1 })).toBe("12 passed, 3 failed, 1 skipped");
});
