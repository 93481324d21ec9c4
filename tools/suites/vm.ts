import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { busyboxImage } from "../images/busybox.ts";
import { type Counts, oneFailed, sum, withCrash } from "./counts.ts";
import { withMachine } from "./machines.ts";
import type { Suite, SuiteContext } from "./suite.ts";
import { parseVitestReport, reportCounts } from "./vitest-report.ts";
import { runWithKvm } from "./with-kvm.ts";

const testFiles = "packages/*/{src,test}/**/*.vm.test.ts";

/** Test files that share an emulated machine. It can freeze, and then all of them begin again; to boot one takes a while. */
const FILES_PER_MACHINE = 2;

/**
 * Tests that boot real VMs. A file that is not in a report, a report that is missing and a run without a single test each
 * count as failures: nothing about VMs is ever skipped silently.
 */
export const vm: Suite = {
  name: "vm",
  what: "tests that boot real VMs",
  async run(context) {
    const { layout, tag } = await busyboxImage();
    const env = { A3S_EXAMPLE_IMAGE: `oci:${layout}:${tag}` };
    const files = await chosenFiles(context);
    const batches: string[][] = [];
    for (let at = 0; at < files.length; at += FILES_PER_MACHINE) batches.push(files.slice(at, at + FILES_PER_MACHINE));
    const counts = batches.map((batch, index) =>
      withMachine(() => runFiles(batch, `report-${index}.json`, context, env)).catch((error: unknown) => {
        if (!context.signal.aborted) console.error(`${batch.join(", ")} could not run to the end:`, error);
        return { passed: 0, failed: batch.length, skipped: 0 };
      }),
    );
    const all = sum(await Promise.all(counts));
    return all.passed + all.failed === 0 ? { ...oneFailed, skipped: all.skipped } : all;
  },
};

async function chosenFiles({ repository, files: chosen }: SuiteContext): Promise<readonly string[]> {
  const all = await Array.fromAsync(glob(testFiles, { cwd: repository }), (path) => join(repository, path));
  return all.filter((path) => chosen.length === 0 || chosen.some((text) => path.includes(text))).toSorted();
}

async function runFiles(
  files: readonly string[],
  reportName: string,
  context: SuiteContext,
  env: Readonly<Record<string, string>>,
): Promise<Counts> {
  const report = join(context.directory, reportName);
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config=vitest.vm.config.ts", "--configLoader=native"];
  const reporters = ["--reporter=verbose", "--reporter=json", `--outputFile.json=${report}`];
  const exitCode = await runWithKvm([process.execPath, ...vitest, ...reporters, ...files], context, env);
  const text = await readFile(report, "utf8").catch(() => undefined);
  if (text !== undefined) return withCrash(reportCounts(parseVitestReport(text), files), exitCode);
  console.log(`The VM tests ended with code ${exitCode} and left no report.`);
  return { passed: 0, failed: files.length, skipped: 0 };
}
