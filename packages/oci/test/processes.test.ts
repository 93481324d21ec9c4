import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { scratch } from "./scratch.ts";

const program = fileURLToPath(new URL("name-images.ts", import.meta.url));

test("processes that change one store at the same time lose no update", async () => {
  await using files = await scratch();
  const store = await files.store();
  const ends = ["a", "b", "c"].map((prefix) => {
    const child = spawn(process.execPath, [program, store.directory, prefix, "20"], { stdio: "inherit" });
    return once(child, "exit");
  });
  expect(await Promise.all(ends)).toEqual(ends.map(() => [0, null]));
  expect((await store.list()).length).toBe(60);
});
