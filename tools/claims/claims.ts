/** A row of a page's table: what is promised, and by which tests. */
export interface Claim {
  readonly claim: string;
  readonly tests: readonly ClaimedTest[];
}

export interface ClaimedTest {
  /** Below the repository. */
  readonly file: string;
  /** As it stands in the file, placeholders and all. */
  readonly name: string;
}

/**
 * The rows below the heading "What holds, and what shows it" of docs/security.md. The second column names tests:
 * `` `file`: "name", "another one"; `file`: "name" ``. What is not written so names none.
 */
export function parseClaims(page: string): readonly Claim[] {
  const section = /^## What holds, and what shows it$(.*?)^## /ms.exec(page)?.[1] ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) => {
      const [claim = "", tests = ""] = line.slice(1).split("|");
      return { claim: claim.trim(), tests: parseTests(tests) };
    });
}

function parseTests(cell: string): ClaimedTest[] {
  const groups = cell.matchAll(/`([^`]+)`: ((?:"[^"]+"(?:, )?)+)/g);
  return [...groups].flatMap(([, file = "", names = ""]) =>
    [...names.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => ({ file, name })),
  );
}

/** Whether a test file, of TypeScript or Rust, has a test of that name. */
export function hasTest(source: string, { file, name }: ClaimedTest): boolean {
  if (file.endsWith(".rs")) return new RegExp(`#\\[(?:\\w+::)?test[^\\]]*\\]\\s*(?:async )?fn ${name}\\(`).test(source);
  return [`"${name}"`, `\`${name}\``].some((literal) => source.includes(literal));
}
