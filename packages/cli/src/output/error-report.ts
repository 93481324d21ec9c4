import { constants } from "node:os";
import { BoxError } from "@a3s/core";

/** What the process ends with after an error: 126 and 127 for commands that cannot start, 128 + N after signal N, `otherwise` else. */
export function exitCodeOf(error: unknown, otherwise: number): number {
  if (error instanceof InterruptedBySignal) return 128 + error.number;
  if (isReaderGone(error)) return 128 + constants.signals.SIGPIPE;
  if (error instanceof BoxError) {
    const exitCode = error.details["exitCode"];
    if (exitCode === 126 || exitCode === 127) return exitCode;
  }
  return otherwise;
}

/** Whoever read our output has left, as `head` does: nothing to report, and nobody to report it to. */
function isReaderGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === "EPIPE";
}

/** Arguments that make no sense, which commander found or a command says in its words. */
function isUsage(error: unknown): error is Error {
  return error instanceof Error && String((error as NodeJS.ErrnoException).code).startsWith("commander.");
}

/** The user asked to stop by a signal. */
export class InterruptedBySignal extends Error {
  readonly number: number;

  constructor(name: NodeJS.Signals, number: number) {
    super(`interrupted by ${name}`);
    this.number = number;
  }
}

/** What went wrong has been said. */
export class AlreadyReported extends Error {}

/** An error for people: what happened, the evidence, what to do, the code. Ends with a newline. */
export function reportError(error: unknown): string {
  if (error instanceof InterruptedBySignal) return `a3s-box: ${error.message}\n`;
  if (isReaderGone(error) || error instanceof AlreadyReported) return "";
  if (isUsage(error)) return `a3s-box: ${error.message}\n`;
  if (!(error instanceof BoxError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `a3s-box: unexpected error: ${text}\n`;
  }
  const lines = [`a3s-box: ${error.message} [${error.code}]`];
  for (const cause of causesOf(error)) lines.push(`  because: ${cause}`);
  for (const [title, key] of EVIDENCE) {
    const text = error.details[key];
    if (typeof text === "string" && text.trim() !== "") lines.push(`  ${title}:`, indent(text));
  }
  if (error.hint !== undefined) lines.push(`  hint: ${error.hint}`);
  return `${lines.join("\n")}\n`;
}

const EVIDENCE: readonly (readonly [title: string, key: string])[] = [
  ["console", "consoleTail"],
  ["VM host", "stderrTail"],
];

function* causesOf(error: Error): Generator<string> {
  let cause = error.cause;
  for (let depth = 0; depth < 4 && cause instanceof Error; depth++, cause = cause.cause) {
    yield cause instanceof BoxError ? `${cause.message} [${cause.code}]` : cause.message;
  }
}

/** The guest wrote some of this: a terminal shall not obey it. */
function indent(text: string): string {
  return text
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .trimEnd()
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}
