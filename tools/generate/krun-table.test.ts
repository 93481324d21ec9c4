import { join } from "node:path";
import { expect, test } from "vitest";
import { krunTable, staleKrunTable } from "./krun-table.ts";

test("a function has its symbol and the kinds of its parameters, in order", () => {
  expect(krunTable()).toContain('\n    ("krun_set_vm_config", &["context", "u8", "u32"]),\n');
  expect(krunTable()).toContain('\n    ("krun_create_ctx", &[]),\n');
});

test("the file of the native vm-host is up to date", async () => {
  expect(await staleKrunTable(join(import.meta.dirname, "../.."))).toEqual([]);
});
