import { expect, test } from "vitest";
import { expectedPattern, parseTour } from "./tour.ts";

test("a page's commands are found with what they print", () => {
  const page =
    "Text\n```sh\nnot this\n```\n```console\n$ one \\\n> more\nout\nput\n$ two\n```\n$ nor this\n```console\n$ three\n```\n";
  expect(parseTour(page)).toEqual([
    { command: "one \\\nmore", expected: "out\nput\n", line: 6 },
    { command: "two", expected: "", line: 10 },
    { command: "three", expected: "", line: 14 },
  ]);
});

test.each([
  ["", "", true],
  ["", "x\n", false],
  ["a.b\n", "a.b\n", true],
  ["a.b\n", "acb\n", false],
  ["up ... ago\n", "up 5 minutes ago\n", true],
  ["up ... ago\n", "up\nago\n", false],
  ["head\n...\ntail\n", "head\na\nb\ntail\n", true],
  ["head\n...\ntail\n", "head\ntail\n", true],
  ["head\n...\n", "tail\n", false],
  ["a  \n", "a\n", true],
])("%j and %j: %s", (expected, actual, matches) => {
  expect(expectedPattern(expected).test(actual)).toBe(matches);
});
