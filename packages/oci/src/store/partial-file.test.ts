import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { scratch } from "../../test/scratch.ts";
import { PartialFile } from "./partial-file.ts";
import { WriteBack } from "./write-back.ts";

test("chunks of any size arrive in order, with flushes in between, though their memory is used again at once", async () => {
  await using files = await scratch();
  const path = files.path("part");
  const hash = createHash("sha256");
  {
    await using file = await PartialFile.open(path, new WriteBack());
    const chunk = Buffer.alloc(3_000_000);
    for (let round = 0; round < 60; round++) {
      const length = [1, 65_536, 524_288, 524_289, 3_000_000, 100_000][round % 6] as number;
      randomBytes(length).copy(chunk);
      hash.update(chunk.subarray(0, length));
      await file.append(chunk.subarray(0, length));
      chunk.fill(0);
      if (round % 5 === 0) await file.flush();
    }
    await file.seal();
  }
  expect(
    createHash("sha256")
      .update(await readFile(path))
      .digest("hex"),
  ).toBe(hash.digest("hex"));
});
