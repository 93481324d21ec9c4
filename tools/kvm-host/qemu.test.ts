import { expect, test } from "vitest";
import { qemuArguments } from "./qemu.ts";

const machine = { kernel: "/cache/kernel", cpus: 1, memoryMib: 512, shares: [] };

test("the machine's tree is exported read-only, results are not", () => {
  const args = qemuArguments({ ...machine, shares: [{ tag: "share0", hostPath: "/out" }] });
  const exports = args.filter((arg) => arg.startsWith("local,"));
  expect(exports.map((each) => [/path=([^,]*)/.exec(each)?.[1], each.includes("readonly=on")])).toEqual([
    ["/", true],
    ["/out", false],
  ]);
});

test("a comma in a path is written twice", () => {
  const args = qemuArguments({ ...machine, shares: [{ tag: "share0", hostPath: "/a,b" }] });
  expect(args.some((arg) => arg.startsWith("local,path=/a,,b,mount_tag=share0,"))).toBe(true);
});

test("a panic ends QEMU: the kernel restarts at once, and a restart is an end", () => {
  const args = qemuArguments(machine);
  expect(args).toContain("-no-reboot");
  expect(args[args.indexOf("-append") + 1]).toContain("panic=-1");
});
