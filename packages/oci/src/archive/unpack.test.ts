import { gzipSync, zstdCompressSync } from "node:zlib";
import { isDecoderError } from "@a3s/core";
import { expect, test } from "vitest";
import { unpack } from "./unpack.ts";

const text = "text that repeats, ".repeat(100_000);

/** A source in pieces that tells whether it was ended. */
function source(bytes: Uint8Array, pieceBytes: number, fault?: Error) {
  const state = { isEnded: false };
  const items = async function* () {
    try {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        yield new Uint8Array();
        yield bytes.subarray(at, at + pieceBytes);
      }
      if (fault !== undefined) throw fault;
    } finally {
      state.isEnded = true;
    }
  };
  return { state, items: items() };
}

const FORMS: readonly (readonly [string, Uint8Array])[] = [
  ["plain", Buffer.from(text)],
  ["gzip", gzipSync(text)],
  ["gzip of two members", Buffer.concat([gzipSync(text.slice(0, 1000)), gzipSync(text.slice(1000))])],
  ["zstd", zstdCompressSync(text)],
  ["zstd of two frames", Buffer.concat([zstdCompressSync(text.slice(0, 1000)), zstdCompressSync(text.slice(1000))])],
];

test.each(FORMS)("%s comes out plain, in pieces of any size", async (_what, bytes) => {
  for (const pieceBytes of [bytes.length, 1000, bytes.length < 10_000 ? 1 : 3000]) {
    let seen = "";
    for await (const chunk of unpack(source(bytes, pieceBytes).items)) seen += Buffer.from(chunk).toString("latin1");
    expect(seen === text).toBe(true);
  }
});

test.each([0, 1, 3])("%i bytes are plain", async (length) => {
  let seen = 0;
  for await (const chunk of unpack(source(Buffer.alloc(length, 0x1f), 1).items)) seen += chunk.length;
  expect(seen).toBe(length);
});

test.each(FORMS)("leaving %s in the middle ends the source", async (_what, bytes) => {
  const { state, items } = source(bytes, 100);
  for await (const _chunk of unpack(items)) break;
  expect(state.isEnded).toBe(true);
});

test.each(FORMS)("a fault of the source of %s comes through as it is", async (_what, bytes) => {
  const fault = new Error("the source broke");
  const reading = async () => {
    for await (const _chunk of unpack(source(bytes, 1000, fault).items));
  };
  await expect(reading()).rejects.toBe(fault);
});

test("what cannot be unpacked is an error of the decoder, and ends the source", async () => {
  const { state, items } = source(gzipSync(text).fill(0xff, 100, 120), 50);
  const reading = async () => {
    for await (const _chunk of unpack(items));
  };
  await expect(reading()).rejects.toSatisfy(isDecoderError);
  expect(state.isEnded).toBe(true);
});
