import { createRequire } from "node:module";
import { Command } from "commander";
import { addImageCommands } from "./image-commands.ts";
import { JSON_OUTPUT } from "./option-values.ts";
import type { Outcome } from "./outcome.ts";
import { addRun } from "./run-command.ts";
import { addVolumeCommands } from "./volume-commands.ts";

/** The `a3s-box` command line. What a command does is loaded when it runs, so that `--help` stays quick. */
export function buildProgram(outcome: Outcome): Command {
  const { version } = createRequire(import.meta.url)("../package.json") as { version: string };
  const program = new Command("a3s-box")
    .description("Run OCI images in their own kernel.")
    .version(version)
    .showHelpAfterError("(try a3s-box --help)")
    .enablePositionalOptions();
  addRun(program, outcome);
  addImageCommands(program);
  addVolumeCommands(program);
  program
    .command("info")
    .description("say where everything is kept and what it takes")
    .option(...JSON_OUTPUT)
    .action(async (options) => (await import("../commands/info.ts")).info(options));
  program
    .command("doctor")
    .description("check whether this machine can run guests, and say how to mend what is missing")
    .option("--json", "print the report as JSON")
    .action(async (options: { json?: boolean }) => {
      const { doctor } = await import("../commands/doctor.ts");
      outcome.exit(await doctor(options));
    });
  return program;
}
