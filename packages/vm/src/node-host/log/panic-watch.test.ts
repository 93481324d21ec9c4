import { expect, test } from "vitest";
import { PanicWatch } from "./panic-watch.ts";

function found(...parts: readonly (readonly [text: string, partial: boolean])[]): string | undefined {
  const watch = new PanicWatch();
  for (const [text, partial] of parts) watch.take({ bytes: Buffer.from(text), partial });
  return watch.finish();
}

const line = "[    0.914125] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000300\r";
const reason = "Attempted to kill init! exitcode=0x00000300";

test("the kernel's reason is found whole, and the last one counts", () => {
  expect(found([line, false], ["[    0.9] CPU: 0 PID: 1", false])).toBe(reason);
  expect(found([line.slice(0, 30), true], [line.slice(30), false])).toBe(reason);
  expect(found([line, true])).toBe(reason);
  expect(found(["Kernel panic - not syncing: Fatal exception", false], [line, false])).toBe(reason);
});

test.each([
  "",
  "it said: Kernel panic - not syncing: x",
  "[x] Kernel panic - not syncing: x",
  "Kernel panic - not syncing: ",
  "[ 0.9] ---[ end Kernel panic - not syncing: x ]---",
  `${"x".repeat(4096)}${line}`,
])("%j only speaks of a panic", (text) => {
  expect(found([text, false])).toBeUndefined();
});
