import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { errorsPage, staleErrorsPage } from "./errors-page.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));

test("a package gets a section with a row for each code", () => {
  const page = errorsPage([{ name: "@a3s/x", codes: [{ code: "ONE", meaning: "Either a | b." }] }]);
  expect(page).toContain("## @a3s/x\n\n| Code | Meaning |\n|---|---|\n| `ONE` | Either a \\| b. |\n");
});

test("docs/errors.md lists every code of every package with its meaning (else: npm run generate)", async () => {
  expect(await staleErrorsPage(repository)).toEqual([]);
});
