import { expect, test } from "vitest";
import { benchLine, formatTable, median } from "./report.ts";

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[7], 7],
])("the median of %j is %d", (values, middle) => {
  expect(median(values)).toBe(middle);
});

test("a table aligns words to the left and numbers to the right", () => {
  expect(
    formatTable([
      ["what", "ms"],
      ["boot", "7"],
      ["a longer one", "1234.5"],
    ]),
  ).toBe(["what          ms", "boot               7", "a longer one  1234.5"].join("\n"));
});

test("a check is judged in its direction", () => {
  const line = benchLine("x", [
    { name: "a", value: 1.2, bar: 1.2, better: "lower" },
    { name: "b", value: 1.2, bar: 1.3, better: "higher" },
  ]);
  expect(JSON.parse(line)).toMatchObject({
    bench: "x",
    checks: [{ ok: true }, { ok: false }],
    machine: { node: process.version },
  });
});
