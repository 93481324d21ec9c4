/** What a host check found, as far as a table shows it. */
export interface Finding {
  readonly code: string;
  readonly severity: "ok" | "warning" | "error";
  readonly message: string;
  readonly fix?: string | undefined;
}

const MARKS = { ok: "ok  ", warning: "warn", error: "FAIL" } as const;

/** Findings for people: one line each, the fix below it where there is one. */
export function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(0, ...findings.map((finding) => finding.code.length));
  return findings
    .flatMap((finding) => {
      const line = `${MARKS[finding.severity]}  ${finding.code.padEnd(width)}  ${finding.message}`;
      return finding.fix === undefined ? [line] : [line, `${" ".repeat(width + 8)}fix: ${finding.fix}`];
    })
    .join("\n");
}
