#!/usr/bin/env -S node --
// Without the "--", Node takes an --env-file behind the script for its own and fails when it is missing.
import { buildProgram } from "./program/program.ts";
import { CommandLineEnded } from "./program/usage.ts";

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
  if (error instanceof CommandLineEnded) {
    exitCode = error.exitCode;
  } else {
    const { exitCodeOf, reportError } = await import("./output/error-report.ts");
    process.stderr.write(reportError(error));
    exitCode = exitCodeOf(error, failureCode);
  }
}
process.exitCode = exitCode;
