import { type Counts, oneFailed, sum } from "./counts.ts";

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
 * The tests of all files. Where a file failed outside its tests (an import, a hook), those that therefore did not run
 * count as failures, at least one. So does each expected file that the report does not have.
 */
export function reportCounts(report: VitestReport, expectedFiles: readonly string[] = []): Counts {
  const missing = expectedFiles.filter((path) => !report.files.some((file) => file.path === path));
  return sum([...report.files.map(fileCounts), ...missing.map(() => oneFailed)]);
}

function fileCounts({ passed, tests }: VitestReport["files"][number]): Counts {
  if (passed || tests.failed > 0) return tests;
  return { passed: tests.passed, failed: Math.max(1, tests.skipped), skipped: 0 };
}
