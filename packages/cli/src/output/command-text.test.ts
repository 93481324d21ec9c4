import { expect, test } from "vitest";
import { formatCommand } from "./command-text.ts";

test.each([
  [["sh"], "sh"],
  [["sh", "-c", "ls | wc"], "sh -c 'ls | wc'"],
  [["echo", ""], "echo ''"],
  [["echo", "it's"], "echo 'it'\\''s'"],
  [["echo", "\x1b[2J\n"], "echo '\\u{1b}[2J\\n'"],
  [[], ""],
])("%j: %s", (argv, text) => {
  expect(formatCommand(argv, { whole: true })).toBe(text);
});

test("a long command is cut, a whole one is not", () => {
  const argv = ["sleep", "1".repeat(30)];
  expect(formatCommand(argv, { whole: false })).toBe(`sleep ${"1".repeat(13)}…`);
  expect(formatCommand(argv, { whole: true })).toBe(argv.join(" "));
});
