import { expect, test } from "vitest";
import type { WireArgument } from "../../libkrun/call.ts";
import { StartFailed } from "../failure.ts";
import { nameArguments } from "./arguments.ts";

const meanings = { places: (at: string) => `/host${at}`, saved: new Map([["ctx", 7]]) };

test("arguments get the names of the table, and mean what they do here", () => {
  expect(
    nameArguments(
      "add_console_port_inout",
      [{ ref: "ctx" }, { ref: "ctx" }, { str: "a3s.stdout" }, { i32: -1 }, { fd: "stdout" }],
      meanings,
    ),
  ).toEqual({ context: 7, console: 7, name: "a3s.stdout", input: -1, output: 6 });
  expect(nameArguments("set_root", [{ ref: "ctx" }, { place: "/root" }], meanings)).toEqual({
    context: 7,
    path: "/host/root",
  });
});

test.each<[why: string, args: readonly WireArgument[]]>([
  ["too few", [{ ref: "ctx" }]],
  ["too many", [{ ref: "ctx" }, { place: "/root" }, { u8: 1 }]],
  ["a number for a path", [{ ref: "ctx" }, { u64: 4096 }]],
  ["a pointer to bytes for a path", [{ ref: "ctx" }, { bytes: [47, 0] }]],
  ["NULL for a path", [{ ref: "ctx" }, { str: null }]],
  ["what no call has saved", [{ ref: "console" }, { place: "/root" }]],
])("%s is refused before libkrun sees it", (_, args) => {
  expect(() => nameArguments("set_root", args, meanings)).toThrow(StartFailed);
});
