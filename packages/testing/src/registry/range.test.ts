import { expect, test } from "vitest";
import { parseRange } from "./range.ts";

test.each([
  ["bytes=0-", { start: 0, end: 10 }],
  ["bytes=9-", { start: 9, end: 10 }],
  ["bytes=2-4", { start: 2, end: 5 }],
  ["bytes=2-400", { start: 2, end: 10 }],
  ["bytes=10-", "unsatisfiable"],
  ["bytes=4-2", "unsatisfiable"],
  ["bytes=-3", undefined],
  ["bytes=1-2,4-5", undefined],
  ["lines=1-2", undefined],
  [undefined, undefined],
])("reads the range %s of 10 bytes", (header, range) => {
  expect(parseRange(header, 10)).toEqual(range);
});
