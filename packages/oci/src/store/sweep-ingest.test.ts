import { readdir, utimes, writeFile } from "node:fs/promises";
import { tryFileLock } from "@a3s/core";
import { expect, test } from "vitest";
import { type Scratch, scratch } from "../../test/scratch.ts";
import { sweepIngest } from "./sweep-ingest.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

async function part(files: Scratch, name: string, daysOld: number): Promise<void> {
  await writeFile(files.path(name), "part");
  const time = new Date(Date.now() - daysOld * DAY_MS);
  await utimes(files.path(name), time, time);
}

test("keeps parts for 7 days, and locks only as long as somebody has them", async () => {
  await using files = await scratch();
  await part(files, "sha256-young", 6.9);
  await part(files, "sha256-old", 7.1);
  await part(files, "sha256-written", 8);
  await part(files, "of-an-older-version", 8);
  await using _writing = await tryFileLock(files.path("sha256-written.lock"));
  await using dead = await tryFileLock(files.path("sha256-young.lock"));
  await dead?.close();
  await sweepIngest(files.directory);
  const left = ["sha256-written", "sha256-written.lock", "sha256-young"];
  expect((await readdir(files.directory)).toSorted()).toEqual(left);
});
