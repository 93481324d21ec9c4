import { BoxError, CoreError } from "@a3s/core";
import type { VmProcess } from "@a3s/vm";
import { expect, test } from "vitest";
import { bootError } from "./boot-error.ts";

const evidence = { consoleTail: "kernel panic", stderrTail: "" };
const vm = { evidence: async () => evidence } as VmProcess;
const calm = { callerSignal: new AbortController().signal, examineHost: async () => [] };
const timeout = new CoreError({ code: "DEADLINE_EXCEEDED", message: "too late" });

test("the caller's own reason comes through, whatever failed", async () => {
  const reason = new Error("the user left");
  expect(await bootError(timeout, { stage: "kernel", vm, ...calm, callerSignal: AbortSignal.abort(reason) })).toBe(
    reason,
  );
});

test("an error from before the VM had started is the error", async () => {
  const error = new BoxError({ code: "VM_START_FAILED", message: "no" });
  expect(await bootError(error, { stage: "spawn", vm: undefined, ...calm })).toBe(error);
});

test("a deadline is BOOT_TIMEOUT and names the stage, with the evidence", async () => {
  expect(await bootError(timeout, { stage: "kernel", vm, ...calm })).toMatchObject({
    code: "BOOT_TIMEOUT",
    message: expect.stringContaining("kernel"),
    details: { stage: "kernel", ...evidence },
    cause: timeout,
  });
  expect(await bootError(timeout, { stage: "spawn", vm: undefined, ...calm })).toMatchObject({
    code: "BOOT_TIMEOUT",
    details: { consoleTail: "" },
  });
});

test("whatever else fails after the start is BOOT_FAILED and says why", async () => {
  const cause = new Error("the mount failed");
  expect(await bootError(cause, { stage: "guest", vm, ...calm })).toMatchObject({
    code: "BOOT_FAILED",
    message: expect.stringContaining("the mount failed"),
    details: { stage: "guest", ...evidence },
    cause,
  });
});

test("a main process that cannot be started is exec's own error, exit code included", async () => {
  const error = new BoxError({ code: "COMMAND_NOT_FOUND", message: "no", details: { exitCode: 127 } });
  expect(await bootError(error, { stage: "guest", vm, ...calm })).toBe(error);
});

test("a guest that never spoke on a machine that cannot run guests is HOST_UNFIT, with the machine's fault and its fix", async () => {
  const examineHost = async () => [
    { code: "HOST_HOME_OK", severity: "ok", message: "fine" } as const,
    { code: "HOST_KVM_MISSING", severity: "error", message: "There is no /dev/kvm", fix: "Load kvm." } as const,
  ];
  expect(await bootError(timeout, { stage: "kernel", vm, ...calm, examineHost })).toMatchObject({
    code: "HOST_UNFIT",
    message: expect.stringContaining("There is no /dev/kvm"),
    hint: "Load kvm.",
    details: { finding: "HOST_KVM_MISSING", ...evidence },
    cause: timeout,
  });
  const spoken = await bootError(new Error("the mount failed"), { stage: "guest", vm, ...calm, examineHost });
  expect(spoken).toMatchObject({ code: "BOOT_FAILED" });
});
