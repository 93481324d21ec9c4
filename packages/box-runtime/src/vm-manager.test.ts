import { expect, test } from "vitest";
import { VmManager } from "./vm-manager.ts";

test("booting a box that was destroyed rejects, and never throws past a promise", async () => {
  const vm = new VmManager({ image: "alpine" });
  await vm.destroy();
  expect(vm.state).toBe("stopped");
  const booting = vm.boot();
  await expect(booting).rejects.toMatchObject({ code: "STATE_INVALID" });
});

test("what libkrun cannot do is refused by name", async () => {
  const vm = new VmManager({ image: "alpine" });
  await expect(vm.pause()).rejects.toMatchObject({ code: "PAUSE_UNSUPPORTED" });
  await expect(vm.resume()).rejects.toMatchObject({ code: "PAUSE_UNSUPPORTED" });
});
