import type { Command } from "commander";

const EXAMPLES = new WeakMap<Command, readonly string[]>();

/** Shows command lines below a command's help. */
export function withExamples(command: Command, ...lines: readonly string[]): Command {
  EXAMPLES.set(command, lines);
  return command.addHelpText("after", `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

/** The examples of a command, for its page in the documentation. */
export function examplesOf(command: Command): readonly string[] {
  return EXAMPLES.get(command) ?? [];
}
