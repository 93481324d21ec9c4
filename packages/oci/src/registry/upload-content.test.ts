import { expect, test } from "vitest";
import { collect } from "../../test/collect.ts";
import { contentDigest } from "../content/content-digest.ts";
import { UploadContent } from "./upload-content.ts";

const bytes = Buffer.from("0123456789");
const descriptor = { mediaType: "application/octet-stream", digest: contentDigest(bytes), size: 10 };

function content(source: Uint8Array, pieces = 3): UploadContent {
  return new UploadContent(descriptor, async function* (offset) {
    for (let at = offset; at < source.length; at += pieces) yield source.subarray(at, at + pieces);
  });
}

async function read(from: UploadContent, start: number, end: number): Promise<string> {
  return Buffer.concat(await collect(from.read(start, end))).toString();
}

test("gives exactly the parts asked for, also again", async () => {
  const sent = content(bytes);
  expect(await read(sent, 0, 4)).toBe("0123");
  expect(await read(sent, 2, 7)).toBe("23456");
  expect(await read(sent, 0, 4)).toBe("0123");
  expect(sent.sent).toBe(7);
  expect(await read(sent, 4, 10)).toBe("456789");
  expect(sent.sent).toBe(10);
});

test("gives nothing of empty content, after a look at it", async () => {
  const empty = { ...descriptor, digest: contentDigest(Buffer.of()), size: 0 };
  expect(await collect(new UploadContent(empty, async function* () {}).read(0, 0))).toEqual([]);
  const wrong = new UploadContent(empty, async function* () {
    yield bytes;
  });
  await expect(collect(wrong.read(0, 0))).rejects.toMatchObject({ code: "BLOB_MISMATCH" });
});

test.each([
  ["shorter", "012345678", "ends after 9 of 10 bytes"],
  ["longer in one piece", "01234567890", "is longer than the 10 bytes"],
  ["longer by a piece", "0123456789012", "is longer than the 10 bytes"],
  ["different", "012345678X", "has the digest sha256:"],
])("never hands out the last part of content that is %s", async (_what, source, message) => {
  const sent = content(Buffer.from(source), source.length === 13 ? 10 : 3);
  const parts: Uint8Array[] = [];
  const reading = (async () => {
    for await (const part of sent.read(0, 10)) parts.push(part);
  })();
  const failure = await reading.catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "BLOB_MISMATCH", message: expect.stringContaining(message) });
  expect(Buffer.concat(parts).length).toBeLessThan(10);
});
