import { expect, test } from "vitest";
import { judgePasst } from "./check-machine.ts";

test("passt is there, or there is a way to come by it and everything else works without", () => {
  expect(judgePasst("/usr/bin/passt")).toEqual({
    code: "PASST_OK",
    severity: "ok",
    message: "passt is at /usr/bin/passt",
  });
  expect(judgePasst(undefined)).toMatchObject({
    code: "PASST_MISSING",
    severity: "warning",
    fix: expect.stringContaining("Install passt"),
  });
});
