import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { waitForExit } from "./wait-for-exit.ts";

test("waits until a process has ended, and gives up at the deadline", async () => {
  const child = spawn("cat", { stdio: ["pipe", "ignore", "ignore"] });
  const pid = child.pid as number;
  await expect(waitForExit(pid, 10)).rejects.toThrow(`process ${pid} has not ended`);
  const waiting = waitForExit(pid, 10_000);
  child.stdin.end();
  await waiting;
  if (child.exitCode === null) await once(child, "exit");
  await waitForExit(pid, 10_000);
});
