import { BoxError } from "@a3s/core";
import { expect, test } from "vitest";
import { exitCodeOf, InterruptedBySignal, reportError } from "./error-report.ts";

test.each([
  ["command not found", new BoxError({ code: "X", message: "m", details: { exitCode: 127 } }), 127],
  ["command not executable", new BoxError({ code: "X", message: "m", details: { exitCode: 126 } }), 126],
  ["any other failure of ours", new BoxError({ code: "X", message: "m", details: { exitCode: 3 } }), 125],
  ["a failure that is none of ours", new Error("m"), 125],
  ["output that nobody reads any more", Object.assign(new Error("write"), { code: "EPIPE" }), 141],
  ["Ctrl-C", new InterruptedBySignal("SIGINT", 2), 130],
])("%s", (_, error, code) => {
  expect(exitCodeOf(error, 125)).toBe(code);
});

test("a report says what happened, why, the evidence, the hint and the code", () => {
  const error = new BoxError({
    code: "BOOT_FAILED",
    message: "The VM did not boot",
    hint: "Run a3s-box doctor.",
    cause: new BoxError({ code: "INNER", message: "the mount failed", cause: new Error("EPERM") }),
    details: { consoleTail: "line \x1b[31mone\x07\r\nline two\n", stderrTail: "" },
  });
  expect(reportError(error)).toBe(
    [
      "a3s-box: The VM did not boot [BOOT_FAILED]",
      "  because: the mount failed [INNER]",
      "  because: EPERM",
      "  console:",
      "    line [31mone",
      "    line two",
      "  hint: Run a3s-box doctor.",
      "",
    ].join("\n"),
  );
});
