import { spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { expect, test } from "vitest";
import { scratch } from "../../test/scratch.ts";
import { withFileLock } from "./file-lock.ts";

/** Another process that holds the lock until its standard input ends. */
async function holder(path: string) {
  const child = spawn("flock", [path, "sh", "-c", "echo held; cat"], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

test("waits for another process without a timer, and gets the lock when it ends", async () => {
  await using files = await scratch();
  const path = files.path("lock");
  const child = await holder(path);
  let held = false;
  const locking = withFileLock(path, undefined, async () => {
    held = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(held).toBe(false);
  child.stdin.end();
  await locking;
  expect(held).toBe(true);
});

test("an abort leaves the wait at once, and the lock free for others afterwards", async () => {
  await using files = await scratch();
  const path = files.path("lock");
  const child = await holder(path);
  const controller = new AbortController();
  const locking = withFileLock(path, controller.signal, async () => {});
  controller.abort(new Error("enough"));
  await expect(locking).rejects.toThrow("enough");
  child.stdin.end();
  await once(child, "exit");
  await withFileLock(path, undefined, async () => {});
});

test("many tasks of this process, more than libuv has threads, run one after the other and may use files", async () => {
  await using files = await scratch();
  const path = files.path("lock");
  let running = 0;
  const task = async () => {
    expect(++running).toBe(1);
    await stat(path);
    running--;
  };
  await Promise.all(Array.from({ length: 50 }, () => withFileLock(path, undefined, task)));
});
