import type { Command } from "commander";
import { BOXES } from "./box-names.ts";
import { withExamples } from "./examples.ts";
import { JSON_LINES } from "./option-values.ts";
import { withSupervisionOptions } from "./supervision-options.ts";

/** Commands about restart policies, health checks and lifetimes. */
export function addSupervisingCommands(program: Command): void {
  withExamples(
    program
      .command("supervise")
      .description(
        "carry out restart policies, health checks and lifetimes of all boxes, until it is ended; boxes run on",
      )
      .option(...JSON_LINES)
      .action(async (options) => (await import("../commands/box/supervise.ts")).superviseBoxes(options)),
    "a3s-box supervise",
    "systemd-run --user --unit a3s-box --property KillMode=process a3s-box supervise",
  );
  withExamples(
    withSupervisionOptions(
      program
        .command("update")
        .description("change the restart policy, the health check or the lifetime of boxes")
        .argument(...BOXES),
    ).action(async (names: readonly string[], options) =>
      (await import("../commands/box/update.ts")).updateBoxes(names, options),
    ),
    "a3s-box update --restart unless-stopped web",
    "a3s-box update --lifetime 1h $(a3s-box ps -q)",
    "a3s-box update --restart no --lifetime none --no-healthcheck web",
  );
}
