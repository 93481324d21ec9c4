import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { readIdentity } from "./identity.ts";
import { signalProcess } from "./pidfd.ts";

test("the very process gets the signal, and one that took its pid does not", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
  const identity = readIdentity(child.pid ?? 0);
  if (identity === undefined) throw new Error("unreachable");
  const before = (await readdir("/proc/self/fd")).length;
  expect(signalProcess({ ...identity, startTime: "1" }, "SIGKILL")).toBe(false);
  expect(child.exitCode).toBeNull();
  const ended = once(child, "exit");
  expect(signalProcess(identity, "SIGTERM")).toBe(true);
  expect(await ended).toEqual([null, "SIGTERM"]);
  expect(signalProcess(identity, "SIGKILL")).toBe(false);
  expect((await readdir("/proc/self/fd")).length).toBeLessThanOrEqual(before);
});
