import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFileAtomic } from "./write-atomic.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-core-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test("a write replaces the content, sets the mode and leaves no temporary file", async () => {
  const path = join(directory, "state.json");
  await writeFileAtomic(path, "one");
  await writeFileAtomic(path, "two", { mode: 0o600 });
  expect(await readFile(path, "utf8")).toBe("two");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(["state.json"]);
});

test("a write that fails leaves nothing behind", async () => {
  await expect(writeFileAtomic(directory, "x")).rejects.toThrow();
  expect(await readdir(directory)).toEqual([]);
  expect((await readdir(join(directory, ".."))).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});
