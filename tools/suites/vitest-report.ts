import type { Counts } from "./counts.ts";

/** What we read of the report that vitest's JSON reporter writes. */
export interface VitestReport {
  /** Each test file's absolute path and whether it and each of its tests passed. */
  readonly files: readonly { readonly path: string; readonly passed: boolean; readonly tests: Counts }[];
}

interface ReportJson {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** Throws where the text is not such a report. */
export function parseVitestReport(text: string): VitestReport {
  const json = JSON.parse(text) as Partial<ReportJson>;
  if (!Array.isArray(json.testResults)) throw new Error("not a report of vitest");
  return {
    files: (json as ReportJson).testResults.map((file) => ({
      path: file.name,
      passed: file.status === "passed",
      tests: count(file.assertionResults.map(({ status }) => status)),
    })),
  };
}

function count(statuses: readonly string[]): Counts {
  const passed = statuses.filter((status) => status === "passed").length;
  const failed = statuses.filter((status) => status === "failed").length;
  return { passed, failed, skipped: statuses.length - passed - failed };
}

/**
 * The tests of all files. A file that failed outside its tests (an import, a hook) counts as one failure more than none,
 * and so does each expected file that the report does not have.
 */
export function reportCounts(report: VitestReport, expectedFiles: readonly string[] = []): Counts {
  const missing = expectedFiles.filter((path) => !report.files.some((file) => file.path === path));
  const total = { passed: 0, failed: missing.length, skipped: 0 };
  for (const { passed, tests } of report.files) {
    total.passed += tests.passed;
    total.failed += passed ? tests.failed : Math.max(1, tests.failed);
    total.skipped += tests.skipped;
  }
  return total;
}
