import { expect, test } from "vitest";
import { parseVitestReport, reportCounts } from "./vitest-report.ts";

const file = (name: string, status: string, ...tests: string[]) => ({
  name,
  status,
  assertionResults: tests.map((each) => ({ status: each })),
});
const report = (...testResults: object[]) => parseVitestReport(JSON.stringify({ success: false, testResults }));

test("counts tests by status; what is neither passed nor failed was skipped", () => {
  const counts = reportCounts(
    report(file("/a", "passed", "passed", "passed", "skipped"), file("/b", "failed", "failed", "pending", "todo")),
  );
  expect(counts).toEqual({ passed: 2, failed: 1, skipped: 3 });
});

test("a file that could not be loaded is a failure though no test of it failed", () => {
  expect(reportCounts(report(file("/a", "failed")))).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("tests that did not run because a hook of their file failed are failures", () => {
  const counts = reportCounts(report(file("/a", "failed", "passed", "skipped", "skipped")));
  expect(counts).toEqual({ passed: 1, failed: 2, skipped: 0 });
});

test("an expected file that is not in the report is a failure", () => {
  expect(reportCounts(report(file("/a", "passed", "passed")), ["/a", "/b"])).toEqual({
    passed: 1,
    failed: 1,
    skipped: 0,
  });
});

test("anything else than a report is refused", () => {
  expect(() => parseVitestReport("")).toThrow();
  expect(() => parseVitestReport("{}")).toThrow("not a report");
});
