import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseEnvironment } from "./environment.ts";

test("entries have a value, an empty one, or this process's own", () => {
  const own = { HOME: "/root", EMPTY: "" };
  expect(parseEnvironment([], ["A=1", "B=", "C=x=y", "HOME", "EMPTY", "UNSET", "A=2"], own)).toEqual({
    A: "2",
    B: "",
    C: "x=y",
    HOME: "/root",
    EMPTY: "",
  });
});

test.each(["=1", "", "a b=1"])("%j is refused", (entry) => {
  expect(() => parseEnvironment([], [entry], {})).toThrow("is not NAME=VALUE");
});

test("files have an entry a line, as it stands, and come before the entries", () => {
  const directory = mkdtempSync(join(tmpdir(), "a3s-env-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "env");
  writeFileSync(file, '# comment\nA=1\n\n  B="quoted" # no comment\nC\r\n');
  expect(parseEnvironment([file], ["A=2"], { C: "own" })).toEqual({ A: "2", B: '"quoted" # no comment', C: "own" });
  expect(() => parseEnvironment([join(directory, "none")], [], {})).toThrow(/environment file .*ENOENT/);
});
