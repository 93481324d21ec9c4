import { expect, test } from "vitest";
import { formatTable } from "./table.ts";

test("columns are as wide as their widest cell, and lines end without blanks", () => {
  const rows = [
    ["alpine", "1 MB"],
    ["example.com/a-long-name:1", ""],
  ];
  expect(formatTable(["NAME", "SIZE"], rows)).toBe(
    ["NAME                       SIZE", "alpine                     1 MB", "example.com/a-long-name:1", ""].join("\n"),
  );
});

test("a table without rows is its head", () => {
  expect(formatTable(["NAME", "SIZE"], [])).toBe("NAME  SIZE\n");
});
