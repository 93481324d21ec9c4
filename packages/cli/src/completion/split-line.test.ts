import { expect, test } from "vitest";
import { splitLine } from "./split-line.ts";

test.each([
  ["", [""]],
  ["a3s-box", ["a3s-box"]],
  ["a3s-box ", ["a3s-box", ""]],
  ["a3s-box  rmi a:1", ["a3s-box", "rmi", "a:1"]],
  ["run -e A='x y'\"z\" im", ["run", "-e", "A=x yz", "im"]],
  ["run 'open qu", ["run", "open qu"]],
  ['run "open \\"qu', ["run", 'open "qu']],
  ["run a\\ b ''", ["run", "a b", ""]],
  ["run $(reboot) `id`", ["run", "$(reboot)", "`id`"]],
  ["run \\", ["run", ""]],
])("%j", (line, words) => {
  expect(splitLine(line)).toEqual(words);
});
