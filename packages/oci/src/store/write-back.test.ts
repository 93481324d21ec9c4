import { open } from "node:fs/promises";
import { expect, test } from "vitest";
import { scratch } from "../../test/scratch.ts";
import { WriteBack } from "./write-back.ts";

test("one file at a time is written back", async () => {
  await using files = await scratch();
  await using file = await open(files.path("file"), "w");
  const writeBack = new WriteBack();
  const first = writeBack.start(file);
  expect(first).toBeInstanceOf(Promise);
  expect(writeBack.start(file)).toBeUndefined();
  await first;
  await expect(writeBack.start(file)).resolves.toBeUndefined();
});

test("a failure is told and does not block the next", async () => {
  await using files = await scratch();
  const writeBack = new WriteBack();
  const closed = await open(files.path("file"), "w");
  await closed.close();
  await expect(writeBack.start(closed)).rejects.toMatchObject({ code: "EBADF" });
  await using file = await open(files.path("file"), "w");
  await writeBack.start(file);
});
