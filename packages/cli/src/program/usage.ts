import type { Command, CommanderError } from "commander";
import { RUNTIME_FAILURE } from "./outcome.ts";

/** Help was shown, or the command line made no sense and it has been said why: nothing is left to do but to end. */
export class CommandLineEnded extends Error {
  readonly exitCode: number;

  constructor({ exitCode, code }: CommanderError) {
    super(code);
    this.exitCode = exitCode === 0 ? 0 : FLAG_FAULTS.has(code) ? RUNTIME_FAILURE : exitCode;
  }
}

/** docker ends with 125 after a wrong flag, with 1 after a wrong command or number of arguments. */
const FLAG_FAULTS: ReadonlySet<string> = new Set([
  "commander.unknownOption",
  "commander.optionMissingArgument",
  "commander.missingMandatoryOptionValue",
  "commander.conflictingOption",
  "commander.invalidArgument",
]);

/** Lets every command name its own help when its command line makes no sense. */
export function pointToHelp(command: Command, path = command.name()): void {
  command.showHelpAfterError(`See "${path} --help".`);
  for (const each of command.commands) pointToHelp(each, `${path} ${each.name()}`);
}
