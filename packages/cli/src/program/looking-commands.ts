import type { Command } from "commander";
import { BOX, BOXES } from "./box-names.ts";
import { withExamples } from "./examples.ts";
import { integer, integerOrAll, JSON_LINES, JSON_OUTPUT, placeInFiles, repeatable } from "./option-values.ts";
import type { Outcome } from "./outcome.ts";

const FILTERS = "with this id, name, status, health, ancestor (image), exited (exit code) or label";

/** Commands that tell of boxes, as docker has them. */
export function addLookingCommands(program: Command, outcome: Outcome): void {
  withExamples(
    program
      .command("ps")
      .description("list boxes that run")
      .option("-a, --all", "also those that do not")
      .option("-n, --last <count>", "the newest, whatever they do", integer)
      .option("-l, --latest", "the newest one, whatever it does")
      .option("-q, --quiet", "IDs only")
      .option("--no-trunc", "whole commands")
      .addOption(repeatable("-f, --filter <name=value>", `only those ${FILTERS}`))
      .option(...JSON_OUTPUT)
      .action(async (options) => (await import("../commands/box/list.ts")).listBoxes(options)),
    "a3s-box ps -a",
    "a3s-box ps -aq --filter status=exited --filter label=team=storage",
  );
  withExamples(
    program
      .command("inspect")
      .description("print all that is known of boxes, as JSON")
      .argument(...BOXES)
      .action(async (names: readonly string[]) => (await import("../commands/box/inspect.ts")).inspectBoxes(names)),
    "a3s-box inspect web | jq '.[].state'",
  );
  addReadings(program, outcome);
  withExamples(
    program
      .command("box")
      .description("more about boxes")
      .command("prune")
      .description("remove boxes that do not run")
      .requiredOption("-f, --force", "really: their logs and what they wrote are gone then")
      .addOption(repeatable("--filter <name=value>", `only those ${FILTERS}`))
      .option(...JSON_OUTPUT)
      .action(async (options) => (await import("../commands/box/prune.ts")).pruneBoxes(options)),
    "a3s-box box prune --force --filter label=team=storage",
  );
}

function addReadings(program: Command, outcome: Outcome): void {
  withExamples(
    program
      .command("logs")
      .description("print what the main process of a box has written")
      .argument(...BOX)
      .option("-f, --follow", "go on until the box ends")
      .option("-n, --tail <lines>", "only the last lines; all by default", integerOrAll)
      .option("--since <time>", "from a time on: 2026-01-31T12:00:00Z, 1769860800, or 10m ago")
      .option("--until <time>", "up to a time, and end then")
      .option("--after <cursor>", "go on behind a line that was printed as JSON before", placeInFiles)
      .option("-t, --timestamps", "with the time of each line")
      .option(...JSON_LINES)
      .action(async (box: string, options) =>
        outcome.exit(await (await import("../commands/box/logs.ts")).printLogs(box, options)),
      ),
    "a3s-box logs --tail 20 web",
    "a3s-box logs -f --since 10m web",
    "a3s-box logs --json web | jq -r 'select(.stream == \"console\").text'",
  );
  withExamples(
    program
      .command("stats")
      .description("show what boxes use, until they have ended or it is interrupted")
      .argument("[box...]", "all that run by default")
      .option("-a, --all", "also those that do not run")
      .option("--no-stream", "once")
      .option("--json", "print JSON; of a stream a line for each round of readings")
      .action(async (names: readonly string[], options) =>
        outcome.exit(await (await import("../commands/box/stats.ts")).showStats(names, options)),
      ),
    "a3s-box stats",
    "a3s-box stats --no-stream --json web",
  );
  withExamples(
    program
      .command("events")
      .description("print what happens to boxes, whoever does it, until it is interrupted")
      .option("--since <time>", "also what has happened from a time on: 2026-01-31T12:00:00Z, 1769860800, or 10m ago")
      .option("--until <time>", "up to a time, and end then")
      .option("--after <cursor>", "go on behind an event that was printed as JSON before")
      .addOption(repeatable("-f, --filter <name=value>", "only those with this box (name or ID), event or image"))
      .option(...JSON_LINES)
      .action(async (options) => outcome.exit(await (await import("../commands/box/events.ts")).printEvents(options))),
    "a3s-box events",
    "a3s-box events --since 1h --until 0s --filter event=stopped",
    "a3s-box events --json | jq -r 'select(.exit.exitCode != 0).name'",
  );
}
