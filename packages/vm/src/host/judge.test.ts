import { expect, test } from "vitest";
import type { HostFacts } from "./facts.ts";
import { parseNofile } from "./gather.ts";
import { judgeHost } from "./judge.ts";

const files = { libkrun: "/l/libkrun.so.1", libkrunfw: "/l/libkrunfw.so.5", source: "package" } as const;
const libkrun = { state: "loaded", files, version: "1.17", features: ["net", "blk"] } as const;
const good: HostFacts = {
  platform: "linux",
  arch: "x64",
  kernelRelease: "6.1.0-28-amd64",
  kvm: { kvm: "ok" },
  jail: [],
  libkrun,
  vmHost: { path: "/p/vm-host" },
  nofile: 1_048_576,
  runDirectory: "/home/user/.a3s/run",
  freeBytes: 2 ** 40,
};

test("a good host has one finding for each thing that is checked, all in order", () => {
  const findings = judgeHost(good);
  expect(findings.map(({ code }) => code)).toEqual([
    "HOST_PLATFORM_OK",
    "HOST_KVM_OK",
    "HOST_JAIL_OK",
    "LIBKRUN_OK",
    "VM_HOST_OK",
    "HOST_LIMITS_OK",
    "HOST_HOME_OK",
  ]);
  expect(findings.every(({ severity, fix }) => severity === "ok" && fix === undefined)).toBe(true);
});

const trouble = { message: "it is not there", fix: "Put it there." };

test.each<[code: string, severity: string, change: Partial<HostFacts>]>([
  ["HOST_PLATFORM_UNSUPPORTED", "error", { platform: "darwin" }],
  ["HOST_PLATFORM_UNSUPPORTED", "error", { arch: "riscv64" }],
  ["HOST_PLATFORM_UNTRIED", "warning", { arch: "arm64" }],
  ["HOST_KERNEL_TOO_OLD", "error", { kernelRelease: "5.13.19" }],
  ["HOST_KERNEL_TOO_OLD", "error", { kernelRelease: "4.19.0-27" }],
  ["HOST_KVM_MISSING", "error", { kvm: { kvm: "missing", message: "m" } }],
  ["HOST_KVM_DENIED", "error", { kvm: { kvm: "denied", message: "m" } }],
  ["HOST_KVM_UNUSABLE", "error", { kvm: { kvm: "unusable", message: "KVM_EXIT_INTERNAL_ERROR" } }],
  ["HOST_JAIL_INCOMPLETE", "error", { jail: ["the jail is without its user-namespace: m"] }],
  ["LIBKRUN_MISSING", "error", { libkrun: { state: "missing", ...trouble } }],
  ["LIBKRUN_UNUSABLE", "error", { libkrun: { state: "unusable", ...trouble } }],
  ["LIBKRUN_TOO_OLD", "error", { libkrun: { ...libkrun, version: undefined } }],
  ["VM_HOST_MISSING", "error", { vmHost: trouble }],
  ["VM_HOST_NODE", "warning", { vmHost: { path: "/p/vm-host.js" } }],
  ["HOST_NOFILE_LOW", "warning", { nofile: 65_535 }],
  ["HOST_HOME_TOO_LONG", "error", { runDirectory: `/${"h".repeat(83)}` }],
  ["HOST_DISK_LOW", "warning", { freeBytes: 2 ** 30 }],
])("%s is a finding of its own, an %s with a way out", (code, severity, change) => {
  const bad = judgeHost({ ...good, ...change }).filter((finding) => finding.severity !== "ok");
  expect(bad).toEqual([{ code, severity, message: expect.any(String), fix: expect.stringMatching(/\.$/) }]);
});

test("without an answer of the probe nobody knows about KVM, nor about the jail", () => {
  const bad = judgeHost({ ...good, kvm: { kvm: "unknown", message: "m" } }).filter(({ severity }) => severity !== "ok");
  expect(bad.map(({ code, severity }) => [code, severity])).toEqual([
    ["HOST_KVM_UNKNOWN", "error"],
    ["HOST_JAIL_UNKNOWN", "warning"],
  ]);
});

test.each<[what: string, change: Partial<HostFacts>]>([
  ["the oldest kernel", { kernelRelease: "5.14.0" }],
  ["the first of a new series", { kernelRelease: "7.0-rc1" }],
  ["the longest home", { runDirectory: `/${"h".repeat(82)}` }],
  ["disk space that cannot be asked for", { freeBytes: undefined }],
  ["no limit of open files", { nofile: Number.POSITIVE_INFINITY }],
  ["a libkrun without optional features", { libkrun: { ...libkrun, features: [] } }],
])("%s is in order", (_, change) => {
  expect(judgeHost({ ...good, ...change }).every(({ severity }) => severity === "ok")).toBe(true);
});

test("the hard limit of open files counts, which vm-host raises the soft one to", () => {
  const limits =
    "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files     \n";
  expect(parseNofile(limits)).toBe(524_288);
  expect(parseNofile("Max open files            1024                 unlimited            files\n")).toBe(
    Number.POSITIVE_INFINITY,
  );
  expect(parseNofile("")).toBe(Number.POSITIVE_INFINITY);
});
