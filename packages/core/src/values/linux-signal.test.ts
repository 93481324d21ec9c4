import { expect, test } from "vitest";
import { parseSignal } from "./linux-signal.ts";

test.each([
  [undefined, undefined],
  ["SIGQUIT", "SIGQUIT"],
  ["quit", "SIGQUIT"],
  ["WINCH", "SIGWINCH"],
  ["3", 3],
  ["64", 64],
  ["SIGRTMIN+3", 37],
  ["RTMIN", 34],
  ["SIGRTMAX-1", 63],
  ["SIGRTMAX+1", undefined],
  ["SIGRTMIN-1", undefined],
  ["0", undefined],
  ["65", undefined],
  ["SIGNONE", undefined],
  ["", undefined],
])("the signal %j is %j", (text, signal) => {
  expect(parseSignal(text)).toBe(signal);
});
