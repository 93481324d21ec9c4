import { expect, test } from "vitest";
import { parseStopSignal } from "./stop-signal.ts";

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
])("the stop signal %j is %j", (text, signal) => {
  expect(parseStopSignal(text)).toBe(signal);
});
