/** One member of a package's union of error codes. */
export interface ErrorCode {
  readonly code: string;
  /** Its doc comment, on one line. */
  readonly meaning: string;
}

/**
 * The members of every `export type XErrorCode = "A" | "B"` in a source file, in their order. Throws where a member
 * has no doc comment: the code would be unexplained in docs/errors.md.
 */
export function parseErrorCodes(source: string, file: string): ErrorCode[] {
  const unions = source.matchAll(/^export type \w+ErrorCode =((?:[\s|]|"\w*"|\/\*\*.*?\*\/)*);/gms);
  return [...unions].flatMap(([, union = ""]) => members(union, file));
}

function members(union: string, file: string): ErrorCode[] {
  return [...union.matchAll(/(?:\/\*\*(?<comment>.*?)\*\/\s*)?\|?\s*"(?<code>[A-Z][A-Z0-9_]*)"/gs)].map(
    ({ groups }) => {
      const code = groups?.["code"] ?? "";
      const meaning = sentence(groups?.["comment"] ?? "");
      if (meaning === "") throw new Error(`${file}: ${code} has no doc comment that says what it means`);
      return { code, meaning };
    },
  );
}

function sentence(comment: string): string {
  return comment
    .split("\n")
    .map((line) => line.trim().replace(/^\*\s?/, ""))
    .join(" ")
    .replace(/\{@link (\w+)\}/g, "`$1`")
    .trim();
}
