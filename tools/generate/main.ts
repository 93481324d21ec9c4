import { fileURLToPath } from "node:url";
import { staleCliPage, writeCliPage } from "./cli-page.ts";
import { staleErrorsPage, writeErrorsPage } from "./errors-page.ts";
import { staleKrunTable, writeKrunTable } from "./krun-table.ts";
import { breakingWire, generateWire, lintWire, releaseWire, staleWire } from "./wire.ts";

/**
 * `node tools/generate/main.ts` writes everything generated anew; with `--check` it only says what is stale, and what
 * breaks programs of the last release. `--release` makes the wire definitions those of the last release.
 */
const repository = fileURLToPath(new URL("../../", import.meta.url));

if (process.argv.includes("--check")) {
  const findings = [
    ...(await lintWire(repository)),
    ...(await breakingWire(repository)),
    ...(await staleWire(repository)),
    ...(await staleErrorsPage(repository)),
    ...(await staleCliPage(repository)),
    ...(await staleKrunTable(repository)),
  ];
  for (const finding of findings) console.error(finding);
  if (findings.length > 0) {
    console.error(
      'Generated files are written by "npm run generate"; what the released definitions have stays as it is, see CONTRIBUTING.md.',
    );
    process.exitCode = 1;
  }
} else if (process.argv.includes("--release")) {
  await releaseWire(repository);
} else {
  await generateWire(repository);
  await writeErrorsPage(repository);
  await writeCliPage(repository);
  await writeKrunTable(repository);
}
