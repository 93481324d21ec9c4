import { Readable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { decompress, detectCompression, isDecoderError } from "./decompress.ts";

/** A zstd frame that decoders skip, as zstd:chunked puts its table of contents into one. */
const SKIPPABLE = Buffer.concat([Buffer.from("502a4d1805000000", "hex"), Buffer.from("table")]);

async function unpack(compressed: Uint8Array, pieceBytes = compressed.length): Promise<string> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < compressed.length; at += pieceBytes)
    pieces.push(Buffer.from(compressed.subarray(at, at + pieceBytes)));
  const source = Readable.from(pieces, { objectMode: false });
  let text = "";
  for await (const chunk of decompress(source, detectCompression(compressed))) text += chunk.toString("latin1");
  return text;
}

const long = "text that repeats, ".repeat(50_000);

test.each<[string, Uint8Array, string]>([
  ["plain", Buffer.from("plain"), "plain"],
  ["an empty file", Buffer.alloc(0), ""],
  ["gzip", gzipSync("one"), "one"],
  ["gzip of several members", Buffer.concat([gzipSync("one, "), gzipSync(""), gzipSync("two")]), "one, two"],
  ["zstd", zstdCompressSync("one"), "one"],
  [
    "zstd of several frames",
    Buffer.concat([zstdCompressSync("one, "), zstdCompressSync(""), zstdCompressSync("two")]),
    "one, two",
  ],
  [
    "zstd with skippable frames",
    Buffer.concat([SKIPPABLE, zstdCompressSync("one, "), SKIPPABLE, zstdCompressSync("two"), SKIPPABLE]),
    "one, two",
  ],
  ["zstd of many blocks", Buffer.concat([zstdCompressSync(long), zstdCompressSync(long)]), long + long],
  ["zstd of zeros", zstdCompressSync(Buffer.alloc(1 << 20)), "\0".repeat(1 << 20)],
])("%s, in pieces of any size", async (_, compressed, text) => {
  for (const pieceBytes of [1, 7, 1000, 1 << 20]) {
    if (compressed.length / pieceBytes > 5000) continue;
    expect((await unpack(compressed, pieceBytes)) === text).toBe(true);
  }
});

test.each<[string, Uint8Array]>([
  ["gzip cut off", gzipSync(long).subarray(0, -9)],
  ["gzip with a changed byte", gzipSync(long).fill(0xff, 100, 110)],
  ["zstd cut off", zstdCompressSync(long).subarray(0, -1)],
  ["zstd cut off in its header", zstdCompressSync(long).subarray(0, 5)],
  ["zstd followed by something else", Buffer.concat([zstdCompressSync("one"), Buffer.from("else")])],
  ["zstd with a changed byte", Buffer.concat([zstdCompressSync(long)]).fill(0xff, 12, 20)],
])("%s is an error", async (_, compressed) => {
  await expect(unpack(compressed)).rejects.toSatisfy(isDecoderError);
});
