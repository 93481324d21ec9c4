import { open, readdir, readFile, stat } from "node:fs/promises";
import { expect, test } from "vitest";
import { scratch } from "../../test/scratch.ts";
import { tryLockFile } from "./file-lock.ts";
import { ingest, sweepIngest } from "./ingest.ts";

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

test("content appears under its name when it is whole, read-only", async () => {
  await using files = await scratch();
  await sweepIngest(files.path("ingest"));
  const target = files.path("blobs", "x");
  await ingest(files.path("ingest"), target, chunks("a", "", "b".repeat(3_000_000)));
  expect((await readFile(target, "utf8")).length).toBe(3_000_001);
  expect((await stat(target)).mode & 0o777).toBe(0o444);
  expect(await readdir(files.path("ingest"))).toEqual([]);
});

test("a failure or an abort in the middle leaves nothing", async () => {
  await using files = await scratch();
  await sweepIngest(files.path("ingest"));
  const controller = new AbortController();
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("a");
    throw new Error("broken");
  }
  async function* aborting(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("a");
    controller.abort(new Error("enough"));
    yield Buffer.from("b");
  }
  const target = files.path("blobs", "x");
  await expect(ingest(files.path("ingest"), target, failing())).rejects.toThrow("broken");
  await expect(ingest(files.path("ingest"), target, aborting(), controller.signal)).rejects.toThrow("enough");
  expect(await readdir(files.path("ingest"))).toEqual([]);
  expect(await readdir(files.path("blobs"))).toEqual([]);
});

test("sweeping removes what dead processes left and spares what is being written", async () => {
  await using files = await scratch();
  await sweepIngest(files.path("ingest"));
  await (await open(files.path("ingest", "left"), "w")).close();
  await using busy = await open(files.path("ingest", "busy"), "w");
  expect(tryLockFile(busy)).toBe(true);
  await sweepIngest(files.path("ingest"));
  expect(await readdir(files.path("ingest"))).toEqual(["busy"]);
});
