import { expect, test } from "vitest";
import { parseOptions } from "./options.ts";

const names = ["lint", "unit", "vm"];

test("runs all suites, short, unless told otherwise", () => {
  expect(parseOptions([], names)).toEqual({ soak: false, list: false, only: [], files: [] });
});

test("takes --only more than once, and --soak", () => {
  expect(parseOptions(["--only", "unit", "--soak", "--only", "vm"], names)).toEqual({
    soak: true,
    list: false,
    only: ["unit", "vm"],
    files: [],
  });
});

test("takes --file more than once", () => {
  expect(parseOptions(["--file", "disk", "--file", "box.vm"], names)).toMatchObject({ files: ["disk", "box.vm"] });
});

test("an unknown suite is refused with the names of all", () => {
  expect(() => parseOptions(["--only", "units"], names)).toThrow("there are lint, unit, vm");
});
