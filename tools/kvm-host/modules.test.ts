import { expect, test } from "vitest";
import { kernelModules, loadOrder } from "./modules.ts";

const modulesDep = [
  "kernel/lib/crc16.ko:",
  "kernel/fs/jbd2/jbd2.ko: kernel/lib/crc16.ko",
  "kernel/fs/ext4/ext4.ko.xz: kernel/lib/crc16.ko kernel/fs/jbd2/jbd2.ko",
  "kernel/arch/x86/kvm/kvm-amd.ko: kernel/arch/x86/kvm/kvm.ko",
  "kernel/arch/x86/kvm/kvm.ko:",
  "",
].join("\n");
const modulesBuiltin = "kernel/drivers/virtio/virtio_ring.ko\n";

test("a module comes after everything that it depends on, once", () => {
  expect(loadOrder(["ext4", "jbd2"], modulesDep, modulesBuiltin)).toEqual([
    "kernel/lib/crc16.ko",
    "kernel/fs/jbd2/jbd2.ko",
    "kernel/fs/ext4/ext4.ko.xz",
  ]);
});

test("dash and underscore are the same in a module's name", () => {
  expect(loadOrder(["kvm_amd"], modulesDep, modulesBuiltin)).toEqual(
    loadOrder(["kvm-amd"], modulesDep, modulesBuiltin),
  );
});

test("a module that is built in needs no file", () => {
  expect(loadOrder(["virtio-ring"], modulesDep, modulesBuiltin)).toEqual([]);
});

test("a module that the kernel does not have is named", () => {
  expect(() => loadOrder(["ext5"], modulesDep, modulesBuiltin)).toThrow('no module "ext5"');
});

test("the console ports are loaded right after their bus", () => {
  expect(kernelModules.slice(0, 2)).toEqual(["virtio_pci", "virtio_console"]);
});
