/** One command of a page, and what it prints there. */
export interface TourStep {
  readonly command: string;
  /** `...` stands for any text in a line, and alone on one for any lines. */
  readonly expected: string;
  /** Where it stands in the page, from 1. */
  readonly line: number;
}

/**
 * The commands of all `console` blocks of a page, in order: lines that begin with `$ `, and `> ` where one goes on. What follows is what they
 * print, on standard output and error.
 */
export function parseTour(page: string): TourStep[] {
  const steps: TourStep[] = [];
  let inside = false;
  page.split("\n").forEach((text, index) => {
    const last = steps.at(-1);
    if (text.startsWith("```")) inside = text === "```console";
    else if (!inside) return;
    else if (text.startsWith("$ ")) steps.push({ command: text.slice(2), expected: "", line: index + 1 });
    else if (last === undefined) throw new Error(`line ${index + 1}: output of no command`);
    else if (text.startsWith("> ")) steps[steps.length - 1] = { ...last, command: `${last.command}\n${text.slice(2)}` };
    else steps[steps.length - 1] = { ...last, expected: `${last.expected}${text}\n` };
  });
  return steps;
}

/** What matches the output that a page shows. */
export function expectedPattern(expected: string): RegExp {
  const lines = expected.split("\n").slice(0, -1);
  const patterns = lines.map((line) =>
    line === "..." ? "(?:.*\n)*" : `${line.split("...").map(literal).join(".*")} *\n`,
  );
  return new RegExp(`^${patterns.join("")}$`);
}

function literal(text: string): string {
  return text.trimEnd().replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
