#!/usr/bin/env node
import { exitCodeOf, reportError } from "./output/error-report.ts";
import { buildProgram } from "./program.ts";

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
