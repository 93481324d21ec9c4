import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { JSON_OUTPUTS } from "../../packages/cli/src/json/outputs.ts";
import { cliPage, staleCliPage } from "./cli-page.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const sections = cliPage().split("\n## ").slice(1);

test("every command has a section with what it is called with, and examples", () => {
  expect(sections.length).toBeGreaterThan(15);
  for (const section of sections) {
    const [name] = section.split("\n");
    expect(section).toContain(`a3s-box ${name} [options]`);
    expect(section).toMatch(/Examples:\n\n```sh\n.*a3s-box/s);
  }
});

test("every command that prints JSON says what", () => {
  const printing = sections.filter((section) => section.includes("`--json`")).map((section) => section.split("\n")[0]);
  const documented = Object.keys(JSON_OUTPUTS);
  expect(printing.filter((name) => !documented.includes(name ?? ""))).toEqual([]);
  for (const name of documented) expect(sections.find((each) => each.startsWith(`${name}\n`))).toContain("JSON:");
});

test("docs/cli.md is what the command line's definition gives (else: npm run generate)", async () => {
  expect(await staleCliPage(repository)).toEqual([]);
});
