import { expect, test } from "vitest";
import { type Fault, FaultWatch } from "./fault-watch.ts";

function found(...parts: readonly (readonly [text: string, partial: boolean])[]): Fault | undefined {
  const watch = new FaultWatch();
  for (const [text, partial] of parts) watch.take({ bytes: Buffer.from(text), partial });
  return watch.finish();
}

const line = "[    0.914125] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000300\r";
const reason: Fault = { kind: "panic", said: "Attempted to kill init! exitcode=0x00000300" };

test("the kernel's reason is found whole, and the last one counts", () => {
  expect(found([line, false], ["[    0.9] CPU: 0 PID: 1", false])).toEqual(reason);
  expect(found([line.slice(0, 30), true], [line.slice(30), false])).toEqual(reason);
  expect(found([line, true])).toEqual(reason);
  expect(found([`[2026-01-01T00:00:00Z ERROR init_or_kernel] ${line}`, false])).toEqual(reason);
  expect(found(["Kernel panic - not syncing: Fatal exception", false], [line, false])).toEqual(reason);
});

test("what libkrun says of a virtual CPU is found", () => {
  const error = "[2026-11-28T14:20:18Z ERROR vmm::linux::vstate] Received KVM_EXIT_INTERNAL_ERROR signal";
  expect(found([error.slice(0, 70), true], [error.slice(70), true])).toEqual({
    kind: "vcpu",
    said: "Received KVM_EXIT_INTERNAL_ERROR signal",
  });
});

test.each([
  "",
  "it said: Kernel panic - not syncing: x",
  "[x]: Kernel panic - not syncing: x",
  "Kernel panic - not syncing: ",
  "[ 0.9] ---[ end Kernel panic - not syncing: x ]---",
  "[2026-11-28T14:20:18Z WARN vmm::linux::vstate] x",
  "[2026-11-28T14:20:18Z ERROR vmm::linux::vstate] ",
  "it said: [2026-11-28T14:20:18Z ERROR vmm::linux::vstate] x",
  `${"x".repeat(4096)}${line}`,
])("%j only speaks of a fault", (text) => {
  expect(found([text, false])).toBeUndefined();
});
