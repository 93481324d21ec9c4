import { expect, test } from "vitest";
import { digestParts, isDigest, parseDigest } from "./digest.ts";

const sha256 = `sha256:${"a1".repeat(32)}`;

test.each([sha256, `sha512:${"0f".repeat(64)}`])("%s is a digest", (value) => {
  expect(isDigest(value)).toBe(true);
});

test.each([
  "",
  "sha256:",
  "sha256:abc",
  `sha256:${"A1".repeat(32)}`,
  `sha1:${"a1".repeat(20)}`,
  `${sha256}\n`,
  `sha256:../${"a".repeat(61)}`,
  `sha512:${"a1".repeat(32)}`,
])("%j is no digest", (value) => {
  expect(isDigest(value)).toBe(false);
  expect(() => parseDigest(value)).toThrow(expect.objectContaining({ code: "DIGEST_INVALID" }));
});

test("a digest splits into the parts that name its blob file", () => {
  expect(digestParts(parseDigest(sha256))).toEqual({ algorithm: "sha256", hex: "a1".repeat(32) });
});
