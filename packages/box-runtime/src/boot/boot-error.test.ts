import { BoxError, CoreError } from "@a3s/core";
import type { VmProcess } from "@a3s/vm";
import { expect, test } from "vitest";
import { bootError } from "./boot-error.ts";

const evidence = { consoleTail: "kernel panic", stderrTail: "" };
const vm = { evidence: async () => evidence } as VmProcess;
const calm = new AbortController().signal;
const timeout = new CoreError({ code: "DEADLINE_EXCEEDED", message: "too late" });

test("the caller's own reason comes through, whatever failed", async () => {
  const reason = new Error("the user left");
  expect(await bootError(timeout, { stage: "kernel", vm, callerSignal: AbortSignal.abort(reason) })).toBe(reason);
});

test("an error from before the VM had started is the error", async () => {
  const error = new BoxError({ code: "VM_START_FAILED", message: "no" });
  expect(await bootError(error, { stage: "spawn", vm: undefined, callerSignal: calm })).toBe(error);
});

test("a deadline is BOOT_TIMEOUT and names the stage, with the evidence", async () => {
  expect(await bootError(timeout, { stage: "kernel", vm, callerSignal: calm })).toMatchObject({
    code: "BOOT_TIMEOUT",
    message: expect.stringContaining("kernel"),
    details: { stage: "kernel", ...evidence },
    cause: timeout,
  });
  expect(await bootError(timeout, { stage: "spawn", vm: undefined, callerSignal: calm })).toMatchObject({
    code: "BOOT_TIMEOUT",
    details: { consoleTail: "" },
  });
});

test("whatever else fails after the start is BOOT_FAILED and says why", async () => {
  const cause = new Error("the mount failed");
  expect(await bootError(cause, { stage: "guest", vm, callerSignal: calm })).toMatchObject({
    code: "BOOT_FAILED",
    message: expect.stringContaining("the mount failed"),
    details: { stage: "guest", ...evidence },
    cause,
  });
});
