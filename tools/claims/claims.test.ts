import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hasTest, parseClaims } from "./claims.ts";

const repository = join(import.meta.dirname, "../..");
const page = await readFile(join(repository, "docs/security.md"), "utf8");

test.each(parseClaims(page))("docs/security.md, $claim: there are tests that show it", async ({ tests }) => {
  expect(tests).not.toEqual([]);
  for (const each of tests) {
    const source = await readFile(join(repository, each.file), "utf8");
    expect({ ...each, found: hasTest(source, each) }).toEqual({ ...each, found: true });
  }
});

test("docs/spec.md names test files for faults of a VM, and they are there", async () => {
  const spec = await readFile(join(repository, "docs/spec.md"), "utf8");
  const faults = /^## Faults of a VM$(.*?)^## /ms.exec(spec)?.[1] ?? "";
  const files = [...faults.matchAll(/`([\w/.-]+\.test\.ts)`/g)].map(([, file = ""]) =>
    join(repository, "packages", file),
  );
  expect(files.length).toBeGreaterThan(12);
  await Promise.all(files.map((file) => access(file)));
});

test("docs/security.md has claims", () => {
  expect(parseClaims(page).length).toBeGreaterThan(30);
});

test("claims name tests by file and name, several of each", () => {
  const claims = parseClaims(`
## What holds, and what shows it

| Claim | Checked by |
| ----- | ---------- |
| One | \`a.test.ts\`: "it, and more", "another"; \`b.rs\`: "third" |
| Two | some tests of \`a.test.ts\` |

## What does not hold yet
`);
  expect(claims).toEqual([
    {
      claim: "One",
      tests: [
        { file: "a.test.ts", name: "it, and more" },
        { file: "a.test.ts", name: "another" },
        { file: "b.rs", name: "third" },
      ],
    },
    { claim: "Two", tests: [] },
  ]);
});

test.each([
  ["a.test.ts", "it", 'test("it", () => {});', true],
  ["a.test.ts", "it", 'test("its", () => {});', false],
  ["a.test.ts", "%s it", "test.each(x)(`%s it`, () => {});", true],
  ["b.rs", "it", "#[test]\nfn it() {}", true],
  ["b.rs", "it", "#[tokio::test]\nasync fn it() {}", true],
  ["b.rs", "it", "fn it() {}", false],
])("in %s, %s is a test of %j: %s", (file, name, source, found) => {
  expect(hasTest(source, { file, name })).toBe(found);
});
