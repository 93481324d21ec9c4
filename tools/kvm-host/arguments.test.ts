import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parseInvocation } from "./arguments.ts";

test("what follows the two dashes is the command, whatever it looks like", () => {
  expect(parseInvocation(["run", "--", "ls", "--", "--cpus"], {}).run.command).toEqual(["ls", "--", "--cpus"]);
});

test("units: seconds become milliseconds, the rest stays as it is", () => {
  const { run } = parseInvocation(
    ["run", "--cpus", "1", "--memory", "512", "--disk", "2", "--timeout", "30", "--", "true"],
    {},
  );
  expect(run).toMatchObject({ cpus: 1, memoryMib: 512, diskGib: 2, timeoutMs: 30_000 });
});

test("a variable keeps its equals signs; a bare name takes this process's value, if it has one", () => {
  const { run } = parseInvocation(["run", "--env", "A=b=c", "--env", "CI", "--env", "NONE", "--", "true"], { CI: "1" });
  expect(run.env).toEqual({ A: "b=c", CI: "1" });
});

test("results go to the same path unless a place is named", () => {
  const { run } = parseInvocation(["run", "--out", "/out=reports", "--out", "coverage", "--", "true"], {});
  expect(run.shares).toEqual([
    { guestPath: "/out", hostPath: resolve("reports") },
    { guestPath: resolve("coverage"), hostPath: resolve("coverage") },
  ]);
});

test.each([
  [["run", "--cpus", "0", "--", "true"], "--cpus takes a whole number"],
  [["run", "--env", "1A=x", "--", "true"], "--env takes NAME=VALUE"],
  [["run"], "Usage:"],
  [["start", "--", "true"], "Usage:"],
])("%j is refused", (args, message) => {
  expect(() => parseInvocation(args, {})).toThrow(message);
});
