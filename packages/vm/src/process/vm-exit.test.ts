import { expect, test } from "vitest";
import type { ExitRecord } from "./exit-record.ts";
import { judgeExit } from "./vm-exit.ts";

const at = { startedAt: "2026-01-01T00:00:00.000Z", endedAt: "2026-01-01T00:00:09.000Z" };
const record = (part: Partial<ExitRecord>): ExitRecord => ({
  version: 1,
  code: 0,
  signal: null,
  failure: null,
  ...at,
  ...part,
});
const quietly = { code: 0, signal: null };

test.each<[cause: string, meaning: RegExp, record: Partial<ExitRecord>]>([
  ["guest", /^The guest ended with exit code 0$/, {}],
  ["guest", /^The guest ended with exit code 37$/, { code: 37 }],
  ["guest", /exit code 128$/, { code: 128 }],
  ["init", /exit code 125: libkrun's init could not set up the guest/, { code: 125 }],
  ["init", /exit code 126: .* could not be executed/, { code: 126 }],
  ["init", /exit code 127: .* was not found/, { code: 127 }],
  ["signal", /^The VM was ended by SIGKILL$/, { code: null, signal: 9 }],
  ["signal", /^The VM was ended by SIGSEGV$/, { code: null, signal: 11 }],
  [
    "signal",
    /^The VM was ended by SIGSYS: it made a system call that its jail does not allow/,
    { code: null, signal: 31 },
  ],
  ["signal", /^The VM was ended by signal 40$/, { code: null, signal: 40 }],
  [
    "start",
    /^The VM did not start: krun_start_enter: Invalid argument$/,
    { code: 70, failure: { stage: "call", what: "krun_start_enter", errno: 22, message: "Invalid argument" } },
  ],
])("%s: %s", (cause, meaning, part) => {
  const exit = judgeExit(quietly, record(part));
  expect(exit).toMatchObject({ cause, meaning: expect.stringMatching(meaning), endedAt: at.endedAt });
  expect(exit.code).toBe(part.code === undefined ? 0 : part.code);
});

test("the record wins over how vm-host itself ended", () => {
  expect(judgeExit({ code: 137, signal: null }, record({ code: null, signal: 9 }))).toMatchObject({
    code: null,
    signal: "SIGKILL",
  });
});

test("without a record, vm-host's own end is what is known", () => {
  expect(judgeExit({ code: null, signal: "SIGKILL" }, undefined)).toEqual({
    code: null,
    signal: "SIGKILL",
    cause: "monitor",
    meaning: "vm-host was ended by SIGKILL",
    failure: null,
    endedAt: null,
  });
  expect(judgeExit({ code: 70, signal: null }, undefined).meaning).toBe("vm-host exited with 70 and left no record");
});
