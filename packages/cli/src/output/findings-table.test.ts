import { expect, test } from "vitest";
import { formatFindings } from "./findings-table.ts";

test("findings stand in one column, a fix below its finding", () => {
  expect(
    formatFindings([
      { code: "HOST_KVM", severity: "ok", message: "KVM runs guests" },
      { code: "DISK", severity: "warning", message: "1 GiB free" },
      { code: "LIBKRUN_MISSING", severity: "error", message: "libkrun was not found", fix: "install it" },
    ]),
  ).toBe(
    [
      "ok    HOST_KVM         KVM runs guests",
      "warn  DISK             1 GiB free",
      "FAIL  LIBKRUN_MISSING  libkrun was not found",
      "                       fix: install it",
    ].join("\n"),
  );
});
