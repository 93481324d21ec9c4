import { expect, test } from "vitest";
import type { ExitRecord } from "./exit-record.ts";
import { judgeExit } from "./vm-exit.ts";

const at = { startedAt: "2026-01-01T00:00:00.000Z", endedAt: "2026-01-01T00:00:09.000Z" };
const record = (part: Partial<ExitRecord>): ExitRecord => ({
  version: 1,
  code: 0,
  signal: null,
  cause: "guest",
  log: { records: 0, bytes: 0 },
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
  ["stopped", /^The VM was stopped$/, { code: null, signal: 9, cause: "stopped" }],
  ["creator", /^The VM ended with the process that started it$/, { code: null, signal: 9, cause: "creator" }],
  ["signal", /^The VM was ended by SIGKILL$/, { code: null, signal: 9, cause: "signal" }],
  ["signal", /^The VM was ended by SIGSEGV$/, { code: null, signal: 11, cause: "signal" }],
  ["panic", /^The guest's kernel panicked: Fatal exception$/, { code: null, cause: "panic", fault: "Fatal exception" }],
  ["vmm", /^libkrun could not run a virtual CPU any further: x$/, { code: null, cause: "vmm", fault: "x" }],
  [
    "signal",
    /^The VM was ended by SIGSYS: it made a system call that its jail does not allow/,
    { code: null, signal: 31, cause: "signal" },
  ],
  ["signal", /^The VM was ended by signal 40$/, { code: null, signal: 40, cause: "signal" }],
  [
    "start",
    /^The VM did not start: krun_start_enter: Invalid argument$/,
    { code: 70, failure: { stage: "call", what: "krun_start_enter", errno: 22, message: "Invalid argument" } },
  ],
])("%s: %s", (cause, meaning, part) => {
  const exit = judgeExit(quietly, record(part));
  expect(exit).toMatchObject({
    cause,
    meaning: expect.stringMatching(meaning),
    endedAt: at.endedAt,
    dropped: { records: 0, bytes: 0 },
  });
  expect(exit.code).toBe(part.code === undefined ? 0 : part.code);
});

test("the record wins over how vm-host itself ended", () => {
  expect(judgeExit({ code: 137, signal: null }, record({ code: null, signal: 9 }))).toMatchObject({
    code: null,
    signal: "SIGKILL",
  });
});

test("libkrun's own last words are part of the meaning when it gave up", () => {
  const stderr = "thread '<unnamed>' (266) panicked at src/vstate.rs:447:30:\nno KVM: Error(13)\nnote: run with\n";
  const gaveUp = judgeExit({ code: 134, signal: null }, record({ code: null, signal: 6, cause: "signal" }), stderr);
  expect(gaveUp.meaning).toBe("The VM was ended by SIGABRT: no KVM: Error(13), which is EACCES");
  expect(judgeExit(quietly, record({ code: 3 }), stderr).meaning).toBe("The guest ended with exit code 3");
});

test("without a record, vm-host's own end is what is known", () => {
  expect(judgeExit({ code: null, signal: "SIGKILL" }, undefined)).toEqual({
    code: null,
    signal: "SIGKILL",
    cause: "monitor",
    meaning: "vm-host was ended by SIGKILL",
    failure: null,
    endedAt: null,
    dropped: null,
  });
  expect(judgeExit({ code: null, signal: null }, undefined)).toMatchObject({
    code: null,
    signal: null,
    cause: "monitor",
    meaning: "vm-host was killed or its machine restarted: it left no record",
  });
  expect(judgeExit({ code: 70, signal: null }, undefined).meaning).toBe("vm-host exited with 70 and left no record");
});
