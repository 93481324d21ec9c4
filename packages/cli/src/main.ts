#!/usr/bin/env node
import { buildProgram } from "./program/program.ts";

// Who writes sees the failure; without a listener it would also be thrown at nobody.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

let exitCode = 0;
let failureCode = 1;
const program = buildProgram({
  exit: (code) => {
    exitCode = code;
  },
  failWith: (code) => {
    failureCode = code;
  },
});
try {
  await program.parseAsync();
} catch (error) {
  const { exitCodeOf, reportError } = await import("./output/error-report.ts");
  process.stderr.write(reportError(error));
  exitCode = exitCodeOf(error, failureCode);
}
process.exitCode = exitCode;
