import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KRUN_API, type KrunFunction, krunParameters, krunSymbol } from "../../packages/vm/src/libkrun/api.ts";

const path = "native/vm-host/src/gen/api.rs";

/** The parameters of libkrun's functions for the native vm-host, by the one table of packages/vm. */
export function krunTable(): string {
  const rows = (Object.keys(KRUN_API) as KrunFunction[]).map((name) => {
    const kinds = krunParameters(name).map(([, kind]) => `"${kind}"`);
    return `    ("${krunSymbol(name)}", &[${kinds.join(", ")}]),\n`;
  });
  return `// Written by \`npm run generate\` from packages/vm/src/libkrun/api.ts.

/// Functions of libkrun, each with the kinds of its parameters.
#[rustfmt::skip]
pub const FUNCTIONS: &[(&str, &[&str])] = &[
${rows.join("")}];
`;
}

export async function writeKrunTable(repository: string): Promise<void> {
  await writeFile(join(repository, path), krunTable());
}

/** One sentence when the file is not what the table gives. */
export async function staleKrunTable(repository: string): Promise<string[]> {
  const found = await readFile(join(repository, path), "utf8").catch(() => "");
  return found === krunTable() ? [] : [`${path} is not what packages/vm/src/libkrun/api.ts gives.`];
}
