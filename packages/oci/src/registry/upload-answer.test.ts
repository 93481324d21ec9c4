import { expect, test } from "vitest";
import { receivedBytes } from "./upload-answer.ts";

function answer(range: string | undefined) {
  return { url: new URL("https://registry.example.com/"), header: () => range };
}

test.each([
  ["0-99", 100],
  ["bytes=0-99", 100],
  ["0-0", 1],
  ["0--1", undefined],
  ["5-99", undefined],
  ["0-1e9", undefined],
  [undefined, undefined],
])("reads the Range %s as %s bytes", (range, bytes) => {
  expect(receivedBytes(answer(range), 100)).toBe(bytes);
});

test("refuses a Range of more than was sent, but 0-0 may stand for nothing", () => {
  expect(() => receivedBytes(answer("0-100"), 100)).toThrow("claims to have more");
  expect(receivedBytes(answer("0-0"), 0)).toBe(1);
});
