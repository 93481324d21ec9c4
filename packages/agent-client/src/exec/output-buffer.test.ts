import { expect, test } from "vitest";
import { OutputBuffer } from "./output-buffer.ts";

test("pieces are joined", () => {
  const buffer = new OutputBuffer(100);
  buffer.push(new Uint8Array([1, 2]));
  buffer.push(new Uint8Array([]));
  buffer.push(new Uint8Array([3]));
  expect(buffer.take()).toEqual(new Uint8Array([1, 2, 3]));
  expect(buffer.truncated).toBe(false);
});

test("what goes beyond the limit is dropped and noted", () => {
  const buffer = new OutputBuffer(3);
  buffer.push(new Uint8Array([1, 2]));
  buffer.push(new Uint8Array([3, 4]));
  buffer.push(new Uint8Array([5]));
  expect(buffer.take()).toEqual(new Uint8Array([1, 2, 3]));
  expect(buffer.truncated).toBe(true);
});

test("exactly the limit is not truncated", () => {
  const buffer = new OutputBuffer(2);
  buffer.push(new Uint8Array([1, 2]));
  expect(buffer.truncated).toBe(false);
});

test("a limit of 0 keeps nothing", () => {
  const buffer = new OutputBuffer(0);
  buffer.push(new Uint8Array([1]));
  expect(buffer.take()).toHaveLength(0);
  expect(buffer.truncated).toBe(true);
});

test("memory follows what was written, not the limit", () => {
  const buffer = new OutputBuffer(2 ** 40);
  for (let count = 0; count < 10_000; count++) buffer.push(new Uint8Array([count]));
  expect(buffer.take().buffer.byteLength).toBeLessThan(40_000);
});

test("later changes of a piece do not reach the buffer", () => {
  const buffer = new OutputBuffer(10);
  const piece = new Uint8Array([1]);
  buffer.push(piece);
  piece[0] = 9;
  expect(buffer.take()).toEqual(new Uint8Array([1]));
});
