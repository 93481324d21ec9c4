import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { FileChanges } from "./file-changes.ts";

test("a change of a file, or of a file in a directory, is told to who waits and to who waits later", async () => {
  const directory = await mkdtemp(join(tmpdir(), "a3s-core-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, "file");
  using inside = new FileChanges(directory);
  await writeFile(path, "one\n");
  await inside.next(AbortSignal.timeout(10_000));
  using file = new FileChanges(path);
  const waiting = file.next(AbortSignal.timeout(10_000));
  await appendFile(path, "two\n");
  await waiting;
});

test("who names an entry of a directory hears of that one alone", async () => {
  const directory = await mkdtemp(join(tmpdir(), "a3s-core-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const signal = AbortSignal.timeout(10_000);
  using all = new FileChanges(directory);
  using named = new FileChanges(directory, "named");
  const told = named.next(signal).then(() => "told");
  await writeFile(join(directory, "other"), "");
  await all.next(signal);
  expect(await Promise.race([told, setImmediate("quiet")])).toBe("quiet");
  await writeFile(join(directory, "named"), "");
  expect(await told).toBe("told");
  expect(() => new FileChanges(join(directory, "missing"))).toThrow("ENOENT");
});

test("the wait ends with its signal", async () => {
  using changes = new FileChanges(tmpdir());
  const reason = new Error("enough");
  await expect(changes.next(AbortSignal.abort(reason))).rejects.toBe(reason);
});
