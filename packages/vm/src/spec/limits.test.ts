import { expect, test } from "vitest";
import { planLimits } from "./limits.ts";
import { parseVmSpec } from "./parse-vm-spec.ts";

const parse = (limits: unknown) =>
  parseVmSpec({ vcpus: 2, memoryMib: 256, root: { path: "/srv/root" }, init: { path: "/init" }, limits });

test.each<[fault: RegExp, limits: unknown]>([
  [/limits\.memoryMib: must be at least 320 for this VM/, { memoryMib: 319 }],
  [/limits\.threads: must be at least 34 for this VM/, { threads: 33 }],
  [/limits\.cpus/, { cpus: 0.001 }],
  [/limits\.cpus/, { cpus: Number.NaN }],
  [/limits\.cpus/, { cpus: Number.POSITIVE_INFINITY }],
  [/limits\.memoryMib/, { memoryMib: 2 ** 53 }],
  [/limits\.memoryMib/, { memoryMib: 512.5 }],
  [/limits/, { pids: 100 }],
])("%s", (fault, limits) => {
  expect(() => parse(limits)).toThrow(
    expect.objectContaining({ code: "VM_SPEC_INVALID", message: expect.stringMatching(fault) }),
  );
});

test("each limit is sent in the kernel's unit, and none without any", () => {
  expect(planLimits(parse({ memoryMib: 320, cpus: 1.5, threads: 34 }).limits)).toEqual({
    memoryMib: 320,
    cpuMillis: 1500,
    pids: 34,
  });
  expect(planLimits(parse({ cpus: 0.01 }).limits)).toEqual({ memoryMib: null, cpuMillis: 10, pids: null });
  expect(planLimits(parse(undefined).limits)).toBeNull();
});
