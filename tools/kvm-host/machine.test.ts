import { expect, test } from "vitest";
import { complaints } from "./machine.ts";

test("QEMU's complaint is told, its warnings about the CPU model are not", () => {
  const messages = [
    "qemu-system-x86_64: warning: TCG doesn't support requested feature: CPUID.07H:EBX.rdseed [bit 18]",
    "qemu-system-x86_64: could not load kernel",
    "",
  ];
  expect(complaints(messages.join("\n"))).toBe("qemu-system-x86_64: could not load kernel");
});
