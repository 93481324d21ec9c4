#!/usr/bin/env node
import { exitCodeOf, reportError } from "./output/error-report.ts";
import { buildProgram } from "./program.ts";

// Who writes sees the failure; without a listener it would also be thrown at nobody.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

let exitCode = 0;
const program = buildProgram((code) => {
  exitCode = code;
});
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(reportError(error));
  exitCode = exitCodeOf(error);
}
process.exitCode = exitCode;
