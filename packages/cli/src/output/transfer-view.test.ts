import { expect, test } from "vitest";
import { type BlobProgress, formatBlob, formatBlobs } from "./transfer-view.ts";

const blob = (change: Partial<BlobProgress> = {}): BlobProgress => ({
  digest: `sha256:${"0123456789abcdef".repeat(4)}`,
  size: 2_000_000,
  moved: 1_000_000,
  state: "moving",
  ...change,
});

test.each([
  [{}, "0123456789ab  moving   [============            ]  1 MB of 2 MB"],
  [{ moved: 0 }, "0123456789ab  moving   [                        ]  0 B of 2 MB"],
  [{ moved: 2_000_000 }, "0123456789ab  moving   [========================]  2 MB of 2 MB"],
  [{ state: "done" as const }, "0123456789ab  done     2 MB"],
  [{ state: "present" as const, size: 0 }, "0123456789ab  present  0 B"],
])("%j", (change, line) => {
  expect(formatBlob(blob(change), 80)).toBe(line);
});

test("no line is as wide as the terminal, where it would break", () => {
  for (const columns of [0, 1, 10, 22, 40, 80])
    expect(formatBlob(blob(), columns).length).toBeLessThan(Math.max(1, columns));
});

test("more blobs than rows: those that move are shown, the others counted", () => {
  const blobs = [blob({ state: "done" }), ...Array.from({ length: 9 }, () => blob())];
  const text = formatBlobs(blobs, { columns: 80, rows: 6 });
  expect(text.split("\n")).toHaveLength(5);
  expect(text).toMatch(/\n1 of 10 done$/);
  expect(formatBlobs(blobs, { columns: 80, rows: 24 }).split("\n")).toHaveLength(10);
});
