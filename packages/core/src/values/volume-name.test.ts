import { expect, test } from "vitest";
import { isVolumeName } from "./volume-name.ts";

test.each(["a", "data", "1", "my_app.data-2", "a".repeat(128)])("%s names a volume", (name) => {
  expect(isVolumeName(name)).toBe(true);
});

test.each(["", ".", "..", ".hidden", "-x", "_x", "a/b", "/a", "a b", "a\n", "ä", "a\0", "a".repeat(129), 7])(
  "%j names none",
  (name) => {
    expect(isVolumeName(name)).toBe(false);
  },
);
