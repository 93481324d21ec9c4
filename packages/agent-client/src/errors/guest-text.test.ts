import { expect, test } from "vitest";
import { guestText } from "./guest-text.ts";

test.each([
  ["plain text stays", "mount: no such device (ENODEV)", "mount: no such device (ENODEV)"],
  ["lines become one", "a\r\nb\n\nc", "a b c"],
  ["escape sequences lose their escape", "\x1b[31mred\x1b[0m", "[31mred [0m"],
  ["C1 controls go", "a\u009b31mb", "a 31mb"],
  ["directions cannot be reversed", "safe\u202eexe.txt", "safe exe.txt"],
  ["invisible characters go", "a\u200bb\ufeffc", "a b c"],
  ["half a surrogate pair goes", "a\ud800b", "a b"],
  ["other scripts stay", "größe 大小 🙂", "größe 大小 🙂"],
])("%s", (_name, text, expected) => {
  expect(guestText(text)).toBe(expected);
});

test("long text is cut", () => {
  expect(guestText("x".repeat(10), 4)).toBe("xxxx…");
  expect(guestText("x".repeat(1_000_000))).toHaveLength(1025);
});
