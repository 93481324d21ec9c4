import { createRequire } from "node:module";
import { Command } from "commander";
import { addCompletion } from "./completion-command.ts";
import { addEnteringCommands } from "./entering-commands.ts";
import { HELP } from "./help.ts";
import { addImageCommands } from "./image-commands.ts";
import { addLifeCommands } from "./life-commands.ts";
import { addLookingCommands } from "./looking-commands.ts";
import { addMakingCommands } from "./making-commands.ts";
import { addNetworkCommands } from "./network-commands.ts";
import type { Outcome } from "./outcome.ts";
import { addSupervisingCommands } from "./supervising-commands.ts";
import { addSystemCommands } from "./system-commands.ts";
import { CommandLineEnded, pointToHelp } from "./usage.ts";
import { addVolumeCommands } from "./volume-commands.ts";

/** The `a3s-box` command line. What a command does is loaded when it runs, so that `--help` stays quick. */
export function buildProgram(outcome: Outcome): Command {
  const { version } = createRequire(import.meta.url)("@a3s/box-cli/package.json") as { version: string };
  const program = new Command("a3s-box")
    .description("Run OCI images in their own kernel.")
    .version(version)
    .configureHelp(HELP)
    .exitOverride((error) => {
      throw new CommandLineEnded(error);
    })
    .enablePositionalOptions();
  addMakingCommands(program, outcome);
  addLifeCommands(program, outcome);
  addEnteringCommands(program, outcome);
  addLookingCommands(program, outcome);
  addSupervisingCommands(program);
  addImageCommands(program);
  addVolumeCommands(program);
  addNetworkCommands(program);
  addSystemCommands(program, outcome);
  addCompletion(program);
  pointToHelp(program);
  return program;
}
