import { glob, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ErrorCode, parseErrorCodes } from "./error-codes.ts";

/** The codes of one package. */
export interface PackageCodes {
  readonly name: string;
  readonly codes: readonly ErrorCode[];
}

const path = "docs/errors.md";

const head = `# Errors

Every error that A3S Box throws on purpose is a \`BoxError\` of [\`@a3s/core\`](../packages/core/README.md): \`code\` (below), \`message\` (what happened, to
what), \`hint\` (what to do about it), \`cause\` and \`details\` (evidence: plain data, no secrets). \`instanceof\` works across copies of a package.
A package may raise the codes of the packages that it is built on. Codes are stable: one is never reused for something else.

The tables are written by \`npm run generate\` from the doc comments of the \`*ErrorCode\` unions; a test holds them together.
`;

/** The page, from what the packages' sources say. */
export function errorsPage(packages: readonly PackageCodes[]): string {
  const sections = packages.map(({ name, codes }) => {
    const rows = codes.map(({ code, meaning }) => `| \`${code}\` | ${meaning.replaceAll("|", "\\|")} |`);
    return `\n## ${name}\n\n| Code | Meaning |\n|---|---|\n${rows.join("\n")}\n`;
  });
  return `${head}${sections.join("")}`;
}

/** The codes of every package, read from its `*-error.ts` files. */
async function readPackageCodes(repository: string): Promise<PackageCodes[]> {
  const packages = new Map<string, ErrorCode[]>();
  for (const file of (await Array.fromAsync(glob("packages/*/src/**/*-error.ts", { cwd: repository }))).sort()) {
    const codes = parseErrorCodes(await readFile(join(repository, file), "utf8"), file);
    if (codes.length === 0) continue;
    const manifest = join(repository, file.split("/").slice(0, 2).join("/"), "package.json");
    const { name } = JSON.parse(await readFile(manifest, "utf8")) as { name: string };
    packages.set(name, [...(packages.get(name) ?? []), ...codes]);
  }
  return [...packages].map(([name, codes]) => ({ name, codes })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

export async function writeErrorsPage(repository: string): Promise<void> {
  await writeFile(join(repository, path), errorsPage(await readPackageCodes(repository)));
}

/** One sentence when docs/errors.md is not what the sources give. */
export async function staleErrorsPage(repository: string): Promise<string[]> {
  const page = await readFile(join(repository, path), "utf8").catch(() => "");
  return page === errorsPage(await readPackageCodes(repository)) ? [] : [`${path} is stale`];
}
