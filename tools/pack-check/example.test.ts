import { expect, test } from "vitest";
import { findExamples } from "./example.ts";

test("finds blocks that are marked to be run, in their order", () => {
  const markdown = [
    "# a",
    "```ts run",
    "console.log(1);",
    "```",
    "```ts",
    "notRun();",
    "```",
    "```ts run vm",
    "await boot();",
    "",
    "await end();",
    "```",
    "```sh",
    "npm install a",
    "```",
    "",
  ].join("\n");
  expect(findExamples(markdown)).toEqual([
    { code: "console.log(1);\n", vm: false },
    { code: "await boot();\n\nawait end();\n", vm: true },
  ]);
});
