import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isFileLocked, tryFileLock, withFileLock } from "./file-lock.ts";

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-core-"));
  path = join(directory, "lock");
});
afterEach(() => rm(directory, { recursive: true }));

const program = fileURLToPath(new URL("../../test/hold-lock.ts", import.meta.url));

/** Another process that holds the lock until its standard input ends. */
async function holder(path: string): Promise<ChildProcessByStdio<Writable, Readable, null>> {
  const child = spawn(process.execPath, [program, path], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

/** Lets everything happen that is not waiting for another process. */
async function settle(path: string): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await stat(path);
}

function descriptors(): Promise<readonly string[]> {
  return readdir("/proc/self/fd");
}

test.each(["an end", "SIGKILL"])("gets the lock when the process that holds it comes to %s", async (end) => {
  using child = await holder(path);
  let held = false;
  const locking = withFileLock(path, undefined, async () => {
    held = true;
  });
  await settle(path);
  expect(held).toBe(false);
  expect(await tryFileLock(path)).toBeUndefined();
  if (end === "SIGKILL") child.kill(end);
  else child.stdin.end();
  await locking;
  expect(held).toBe(true);
});

test("an abort leaves the wait at once, and nothing open", async () => {
  using child = await holder(path);
  const before = (await descriptors()).length;
  const controller = new AbortController();
  const reason = new Error("enough");
  const locking = [1, 2].map(() => withFileLock(path, controller.signal, async () => {}));
  await settle(path);
  controller.abort(reason);
  expect(await Promise.allSettled(locking)).toEqual(locking.map(() => ({ status: "rejected", reason })));
  expect((await descriptors()).length).toBe(before);
  child.stdin.end();
  await withFileLock(path, undefined, async () => {});
});

test("many tasks of this process run one after the other in order, and may use files", async () => {
  let running = 0;
  const order: number[] = [];
  const task = async (number: number) => {
    expect(++running).toBe(1);
    await stat(path);
    order.push(number);
    running--;
  };
  const numbers = Array.from({ length: 100 }, (_, number) => number);
  await Promise.all(numbers.map((number) => withFileLock(path, undefined, () => task(number))));
  expect(order).toEqual(numbers);
});

test("whether a lock is held is seen without taking or making it", async () => {
  expect(await isFileLocked(path)).toBe(false);
  expect(await readdir(directory)).toEqual([]);
  const child = await holder(path);
  expect([await isFileLocked(path), await isFileLocked(path)]).toEqual([true, true]);
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  expect(await isFileLocked(path)).toBe(false);
  await rm(path);
  await writeFile(path, "");
  expect(await isFileLocked(path)).toBe(false);
});

test("a task that fails gives the lock back", async () => {
  await expect(withFileLock(path, undefined, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await using lock = await tryFileLock(path);
  expect(lock).toBeDefined();
});

test("who waited for a lock whose path was removed does not share it with who makes it anew", async () => {
  using child = await holder(path);
  let held = false;
  const waiting = withFileLock(path, undefined, async () => {
    held = true;
    expect(await tryFileLock(path)).toBeUndefined();
  });
  await settle(path);
  await rm(path);
  await withFileLockOfAnother(path, async () => {
    child.stdin.end();
    await once(child, "exit");
    await settle(path);
    expect(held).toBe(false);
  });
  await waiting;
});

/** Holds the lock from another process while the task runs. */
async function withFileLockOfAnother(path: string, task: () => Promise<void>): Promise<void> {
  using child = await holder(path);
  await task();
  child.stdin.end();
  await once(child, "exit");
}

test("a file in the lock's place is an error, not a lock", async () => {
  await writeFile(path, "");
  await expect(tryFileLock(path)).rejects.toMatchObject({ code: "EEXIST" });
});
