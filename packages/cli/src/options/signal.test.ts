import { expect, test } from "vitest";
import { parseSignal } from "./signal.ts";

test.each([
  ["SIGTERM", "SIGTERM"],
  ["term", "SIGTERM"],
  ["9", 9],
  ["usr1", "SIGUSR1"],
  ["SIGRTMIN+1", 35],
])("%s", (text, signal) => {
  expect(parseSignal(text)).toBe(signal);
});

test.each(["", "-1", "999", "SIG TERM", "SIGNONE"])("%j is refused", (text) => {
  expect(() => parseSignal(text)).toThrow("is not a signal");
});
