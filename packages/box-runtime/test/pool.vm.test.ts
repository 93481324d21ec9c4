import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { WarmPool } from "../src/index.ts";
import { exampleConfig } from "./example-box.ts";

test("boxes of a pool are booted ahead, handed out once, and gone when it is", async () => {
  const home = await mkdtemp(join(tmpdir(), "a3s-home-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const errors: unknown[] = [];
  const pool = new WarmPool(exampleConfig(), { home, size: 1, onError: (error) => errors.push(error) });
  const one = await pool.acquire();
  expect((await one.exec("echo used > /mark; cat /mark")).text()).toBe("used\n");
  await one.destroy();
  await using two = await pool.acquire();
  expect(two.id).not.toBe(one.id);
  expect((await two.exec("ls /mark")).exitCode).not.toBe(0);
  // Another one is on its way.
  await pool[Symbol.asyncDispose]();
  expect(pool.ready).toBe(0);
  await two.destroy();
  expect((await readdir(join(home, "run"))).filter((name) => !name.startsWith("."))).toEqual([]);
  expect(errors).toEqual([]);
});
