import { expect, test } from "vitest";
import { contentDigest } from "./content-digest.ts";
import { readVerified } from "./verify-content.ts";

const bytes = Buffer.from("hello");

async function* chunks(content: Uint8Array, size = 2): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < content.length; offset += size) yield content.subarray(offset, offset + size);
}

test.each(["sha256", "sha512"] as const)("passes content that fits its %s digest", async (algorithm) => {
  const descriptor = { digest: contentDigest(bytes, algorithm), size: 5 };
  expect(Buffer.from(await readVerified(chunks(bytes), descriptor))).toEqual(bytes);
  const nothing = { digest: contentDigest(Buffer.of(), algorithm), size: 0 };
  expect((await readVerified(chunks(Buffer.of()), nothing)).length).toBe(0);
});

test.each([
  ["shorter", "hell", "ends after 4 of 5 bytes"],
  ["longer", "hello!", "is longer than the 5 bytes"],
  ["different", "hellO", "has the digest sha256:"],
])("refuses content that is %s", async (_what, text, message) => {
  const descriptor = { digest: contentDigest(bytes), size: 5 };
  const reading = readVerified(chunks(Buffer.from(text)), descriptor);
  await expect(reading).rejects.toMatchObject({ code: "BLOB_MISMATCH", message: expect.stringContaining(message) });
});
