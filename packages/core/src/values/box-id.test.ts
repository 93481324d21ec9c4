import { expect, test } from "vitest";
import { isBoxId, newBoxId } from "./box-id.ts";

test("new ids are well-formed and differ", () => {
  const ids = Array.from({ length: 1000 }, newBoxId);
  expect(ids.every(isBoxId)).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
});

test.each(["", "abc", "abcdefghijkl\n", "ABCDEFGHIJKL", "../../../../a", "abcdefghijklm"])(
  "%j is no box id",
  (value) => {
    expect(isBoxId(value)).toBe(false);
  },
);
