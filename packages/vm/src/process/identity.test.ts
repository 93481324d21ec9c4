import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, realpathSync } from "node:fs";
import { expect, test } from "vitest";
import { isAlive, parseStat, readIdentity } from "./identity.ts";

test("this process has an identity and is alive", () => {
  const identity = readIdentity(process.pid);
  expect(identity).toMatchObject({ pid: process.pid, executable: realpathSync(process.execPath) });
  expect(identity && isAlive(identity)).toBe(true);
});

test("a pid that was given to somebody else is not the process", () => {
  const identity = readIdentity(process.pid);
  if (identity === undefined) throw new Error("unreachable");
  expect(isAlive({ ...identity, startTime: `${Number(identity.startTime) - 1}` })).toBe(false);
  expect(isAlive({ ...identity, executable: "/bin/other" })).toBe(false);
});

test("a process that ended has no identity", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
  const identity = readIdentity(child.pid ?? 0);
  expect(identity && isAlive(identity)).toBe(true);
  child.stdin.end();
  await once(child, "exit");
  expect(identity && isAlive(identity)).toBe(false);
  expect(readIdentity(0)).toBeUndefined();
});

test.each(["vm-host", "a b", "a) R 1 (b", ")", "((("])("the name %j does not move the fields", (name) => {
  const fields = `S 1 ${Array.from({ length: 17 }, (_, index) => index).join(" ")} 4711 99`;
  expect(parseStat(`42 (${name}) ${fields}\n`)).toEqual({ state: "S", startTime: "4711" });
});

test("what is no stat is refused", () => {
  for (const text of ["", "42 (a) S 1", `42 (a) S ${"x ".repeat(30)}`]) expect(() => parseStat(text)).toThrow();
  expect(parseStat(readFileSync("/proc/self/stat", "latin1")).state).toBe("R");
});
