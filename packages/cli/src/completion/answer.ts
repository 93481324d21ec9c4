import type { Candidate, CompletionPlan } from "./completion-plan.ts";

/** Tells the shell to complete paths by itself when nothing else fits. */
const FILES = ":files";
/** Tells the shell to put no blank behind the candidate. */
const NO_SPACE = ":nospace";

/**
 * The answer to a shell, line by line: a candidate with a tab and its description, or a directive. What stands before the last of
 * `breaks` is left out: bash takes what follows such a character for a word of its own.
 */
export function formatAnswer(plan: CompletionPlan, names: readonly Candidate[], breaks = ""): string {
  const { prefix, word, nameSuffix = "" } = plan;
  const candidates = [...plan.candidates, ...names.map((each) => ({ ...each, value: each.value + nameSuffix }))];
  const known = lastBreak(prefix + word, breaks);
  const lines = candidates
    .filter(({ value }) => value.startsWith(word) && isPlain(value))
    .map(({ value, description }) => `${(prefix + value).slice(known)}\t${oneLine(description)}`);
  if (names.length > 0 && nameSuffix !== "") lines.push(NO_SPACE);
  if (plan.files) lines.push(FILES);
  return lines.map((line) => `${line}\n`).join("");
}

function lastBreak(text: string, breaks: string): number {
  return Math.max(...[...":="].filter((each) => breaks.includes(each)).map((each) => text.lastIndexOf(each))) + 1 || 0;
}

/** Shells put candidates on their command line as they are: nothing that a shell would read as more than a word comes there. */
function isPlain(value: string): boolean {
  return /^[\w@%+=:,./-]+$/.test(value);
}

function oneLine(description: string): string {
  return description.replace(/\p{Cc}+/gu, " ");
}
