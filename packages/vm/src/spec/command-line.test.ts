import { expect, test } from "vitest";
import { commandLineRoom, initEnvironment } from "./command-line.ts";
import { parseVmSpec } from "./parse-vm-spec.ts";

const least = { vcpus: 1, memoryMib: 128, root: { path: "/r" }, init: { path: "/init" } };

/** The command line that a guest of libkrun 1.17.4 with one share saw in /proc/cmdline. */
const SEEN =
  "reboot=k panic=-1 panic_print=0 nomodule console=hvc0 rootfstype=virtiofs rw quiet no-kvmapf init=/init.krun  " +
  "KRUN_INIT=/bin/busybox     virtio_mmio.device=4K@0xd0000000:5 virtio_mmio.device=4K@0xd0001000:6 " +
  "virtio_mmio.device=4K@0xd0002000:7 virtio_mmio.device=4K@0xd0003000:8 virtio_mmio.device=4K@0xd0004000:9 " +
  'virtio_mmio.device=4K@0xd0005000:10  -- "sh" "-c" "echo hello"';

test("the estimate is not below what was seen", () => {
  const spec = parseVmSpec({
    ...least,
    init: { path: "/bin/busybox", args: ["sh", "-c", "echo hello"] },
    shares: [{ tag: "s", path: "/s", readOnly: true }],
  });
  expect(2047 - commandLineRoom(spec)).toBeGreaterThan(SEEN.length);
});

test("path, arguments, variables, shares and disks take room", () => {
  const room = (change: object) => commandLineRoom(parseVmSpec({ ...least, ...change }));
  const all = room({});
  expect(all).toBeGreaterThan(1024);
  expect(room({ init: { path: "/init", args: ["12345"] } })).toBe(all - 8);
  expect(room({ init: { path: "/init", env: { A: "12" } } })).toBe(all - 7);
  expect(room({ init: { path: "/init2" } })).toBe(all - 1);
  expect(room({ shares: [{ tag: "t", path: "/a", readOnly: true }] })).toBeLessThan(all - 36);
  expect(room({ disks: [{ path: "/a", readOnly: true }] })).toBeLessThan(all - 36);
});

test("only a PID 1 carries libkrun's switch", () => {
  const environment = (pid1: boolean) =>
    initEnvironment(parseVmSpec({ ...least, init: { path: "/i", env: { A: "b" }, pid1 } }));
  expect(environment(false)).toEqual(["A=b"]);
  expect(environment(true)).toEqual(["A=b", "KRUN_INIT_PID1=1"]);
});
