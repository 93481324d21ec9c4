import { expect, test } from "vitest";
import { Lines, MAX_PART_BYTES } from "./lines.ts";

/** Each part as text, with an ellipsis when the line goes on. */
function cut(lines: Lines, ...chunks: readonly (string | Buffer)[]): readonly string[] {
  return chunks
    .flatMap((chunk) => lines.push(Buffer.from(chunk as string)))
    .map(({ bytes, partial }) => `${bytes.toString("latin1")}${partial ? "…" : ""}`);
}

test("lines come whole, however they arrive", () => {
  const lines = new Lines();
  expect(cut(lines, "one\ntw", "o\n", "\n", "rest")).toEqual(["one", "two", ""]);
  expect(lines.flush().map(({ bytes, partial }) => [bytes.toString(), partial])).toEqual([["rest", true]]);
  expect(lines.flush()).toEqual([]);
});

test("a line that begins is told from the one that ended in the same piece", () => {
  const lines = new Lines();
  expect(lines.waiting).toBeUndefined();
  cut(lines, "a");
  const first = lines.waiting;
  cut(lines, "b");
  expect(lines.waiting).toBe(first);
  cut(lines, "\nc");
  expect(lines.waiting).not.toBe(first);
  cut(lines, "\n");
  expect(lines.waiting).toBeUndefined();
});

test.each([
  ["ASCII", "x".repeat(MAX_PART_BYTES + 3), MAX_PART_BYTES],
  ["characters of three bytes", "€".repeat(MAX_PART_BYTES), MAX_PART_BYTES - 1],
  ["what is no UTF-8", Buffer.alloc(MAX_PART_BYTES + 3, 0xff), MAX_PART_BYTES],
  [
    "no UTF-8 before a cut character",
    Buffer.concat([Buffer.from([0xff]), Buffer.from("€".repeat(9000))]),
    MAX_PART_BYTES,
  ],
])("a long line of %s is cut at a character", (_, line, bytes) => {
  const [first] = new Lines().push(Buffer.from(line as string));
  expect(first?.partial).toBe(true);
  expect(first?.bytes).toHaveLength(bytes);
});
