import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { CAPABILITIES } from "./capability.ts";

test("the capabilities are those that the guest agent knows, in the same order", async () => {
  const source = await readFile(new URL("../../../../native/confinement/src/capability.rs", import.meta.url), "utf8");
  const [, table = ""] = /NAMES: \[&str; \d+\] = \[(.*?)\];/s.exec(source) ?? [];
  expect([...table.matchAll(/"(\w+)"/g)].map(([, name]) => name)).toEqual(CAPABILITIES);
});
