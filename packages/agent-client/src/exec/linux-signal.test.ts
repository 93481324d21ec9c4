import { constants } from "node:os";
import { expect, test } from "vitest";
import { signalName, signalNumber } from "./linux-signal.ts";

test("numbers are those of this machine, when it is Linux", () => {
  if (process.platform !== "linux") return;
  for (const [name, number] of Object.entries(constants.signals)) {
    if (["SIGIOT", "SIGPOLL", "SIGUNUSED"].includes(name)) continue;
    expect(signalName(number)).toBe(name);
    expect(signalNumber(signalName(number))).toBe(number);
  }
});

test("real-time signals go by number", () => {
  expect(signalNumber(64)).toBe(64);
  expect(signalName(40)).toBe("SIG40");
  expect(signalNumber("SIG40")).toBe(40);
});

test.each([0, -9, 65, 1.5, Number.NaN, "SIGNOTHING", "SIG65", "TERM", "toString"])("%s is no signal", (signal) => {
  expect(() => signalNumber(signal as number)).toThrow(expect.objectContaining({ code: "EXEC_INVALID" }));
});
