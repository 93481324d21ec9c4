import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { INSTRUMENTS } from "../src/instruments/names.ts";

const PACKAGE = join(import.meta.dirname, "..");
const readme = await readFile(join(PACKAGE, "README.md"), "utf8");

test("the example of the README is the one in examples/, and runs", async () => {
  const example = join(PACKAGE, "examples/boot.ts");
  expect(readme).toContain((await readFile(example, "utf8")).trim());
  const { stdout } = await promisify(execFile)(process.execPath, [example]);
  expect(stdout).toMatch(
    /^stage .*\nimage .*\nkernel .*\nguest .*\n {2}clock .*\n {2}mounts .*\ntotal .*\n\{"totalMs":/,
  );
});

test("the README lists every instrument", () => {
  for (const { name } of Object.values(INSTRUMENTS)) expect(readme).toContain(`\`${name}\``);
});
