import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { oneFailed, withCrash } from "./counts.ts";
import type { Suite } from "./suite.ts";
import { parseVitestReport, reportCounts } from "./vitest-report.ts";

export const unit: Suite = {
  name: "unit",
  what: "unit tests, by vitest",
  async run({ repository, directory, soak, files, signal }) {
    const file = join(directory, "report.json");
    const { exitCode } = await runCommand(
      ["vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`, ...files],
      { cwd: repository, signal, live: true, env: soak ? { A3S_SOAK: "1" } : {} },
    );
    const report = await readFile(file, "utf8").catch(() => undefined);
    return report === undefined ? oneFailed : withCrash(reportCounts(parseVitestReport(report)), exitCode);
  },
};
