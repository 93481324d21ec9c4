import type { Command } from "commander";
import { withExamples } from "./examples.ts";
import { JSON_OUTPUT } from "./option-values.ts";
import type { Outcome } from "./outcome.ts";

/** Commands about the home directory and the machine. */
export function addSystemCommands(program: Command, outcome: Outcome): void {
  withExamples(
    program
      .command("info")
      .description("say where everything is kept and what it takes")
      .option(...JSON_OUTPUT)
      .action(async (options) => (await import("../commands/info.ts")).info(options)),
    "a3s-box info",
    "a3s-box info --json | jq .images.bytes",
  );
  withExamples(
    program
      .command("prune")
      .description("remove boxes that do not run, and the images and root directories that no box has then")
      .requiredOption("-f, --force", "really: they are gone then")
      .option("--volumes", "also volumes that no box has, with their files")
      .option(...JSON_OUTPUT)
      .action(async (options) => (await import("../commands/prune.ts")).prune(options)),
    "a3s-box prune --force",
  );
  withExamples(
    program
      .command("doctor")
      .description("check whether this machine can run guests, and say how to mend what is missing")
      .option("--json", "print the report as JSON")
      .action(async (options: { json?: boolean }) => {
        const { doctor } = await import("../commands/doctor.ts");
        outcome.exit(await doctor(options));
      }),
    "a3s-box doctor",
    "a3s-box doctor --json | jq '.findings[] | select(.severity == \"error\")'",
  );
}
