import type { Command } from "commander";
import { formatAnswer } from "./answer.ts";
import { type Candidate, type NameKind, planCompletion } from "./completion-plan.ts";
import { splitLine } from "./split-line.ts";

/** What a shell asks for: its words, or (bash) the line up to the cursor and the characters at which it cuts words. */
export interface CompletionRequest {
  readonly words: readonly string[];
  readonly line?: string;
  readonly breaks?: string;
}

/** `a3s-box __complete`: prints what may stand at the end of the command line. */
export async function complete(program: Command, { words, line, breaks }: CompletionRequest): Promise<void> {
  const plan = planCompletion(program, line === undefined ? words : splitLine(line).slice(1));
  const names = plan.names === undefined ? [] : await namesOf(plan.names, plan.word);
  process.stdout.write(formatAnswer(plan, names, breaks));
}

/** Most answers need none, and none of what finds them. */
async function namesOf(kind: NameKind, word: string): Promise<readonly Candidate[]> {
  return await (await import("./names.ts")).findNames(kind, word);
}
