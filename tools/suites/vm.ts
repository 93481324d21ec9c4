import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { busyboxImage } from "../images/busybox.ts";
import { type Counts, oneFailed, withCrash } from "./counts.ts";
import type { Suite, SuiteContext } from "./suite.ts";
import { parseVitestReport, reportCounts } from "./vitest-report.ts";
import { runWithKvm } from "./with-kvm.ts";

const testFiles = "packages/*/{src,test}/**/*.vm.test.ts";

/**
 * Tests that boot real VMs, all in one emulated host. A file that is not in the report, a report that is missing and a
 * run without a single test each count as failures: nothing about VMs is ever skipped silently.
 */
export const vm: Suite = {
  name: "vm",
  what: "tests that boot real VMs",
  async run(context) {
    const report = join(context.directory, "report.json");
    const { layout, tag } = await busyboxImage();
    const command = ["node_modules/vitest/vitest.mjs", "run", "--config=vitest.vm.config.ts", "--configLoader=native"];
    const reporters = ["--reporter=verbose", "--reporter=json", `--outputFile.json=${report}`];
    const exitCode = await runWithKvm([process.execPath, ...command, ...reporters, ...context.files], context, {
      A3S_EXAMPLE_IMAGE: `oci:${layout}:${tag}`,
    });
    return await vmCounts(context, report, exitCode);
  },
};

async function vmCounts(
  { repository, files: chosen }: SuiteContext,
  report: string,
  exitCode: number,
): Promise<Counts> {
  const all = await Array.fromAsync(glob(testFiles, { cwd: repository }), (path) => join(repository, path));
  const files = all.filter((path) => chosen.length === 0 || chosen.some((text) => path.includes(text)));
  const text = await readFile(report, "utf8").catch(() => undefined);
  if (text === undefined) {
    console.log(`The VM tests ended with code ${exitCode} and left no report.`);
    return { passed: 0, failed: Math.max(1, files.length), skipped: 0 };
  }
  const counts = withCrash(reportCounts(parseVitestReport(text), files), exitCode);
  return counts.passed + counts.failed === 0 ? { ...oneFailed, skipped: counts.skipped } : counts;
}
