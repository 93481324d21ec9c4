import { expect, test } from "vitest";
import { checkSocketPath, MAX_SOCKET_PATH_BYTES } from "./socket-path.ts";

test("the longest path that fits is taken, one byte more is not", () => {
  const path = `/${"x".repeat(MAX_SOCKET_PATH_BYTES - 1)}`;
  expect(checkSocketPath(path)).toBe(path);
  expect(() => checkSocketPath(`${path}x`)).toThrow(expect.objectContaining({ code: "SOCKET_PATH_TOO_LONG" }));
});

test("bytes count, not characters", () => {
  expect(() => checkSocketPath(`/${"ü".repeat(60)}`)).toThrow(/121 bytes/);
});

test("an empty path is none", () => {
  expect(() => checkSocketPath("")).toThrow(expect.objectContaining({ code: "SOCKET_PATH_TOO_LONG" }));
});
