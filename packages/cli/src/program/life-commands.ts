import type { Command } from "commander";
import { BOX, BOXES } from "./box-names.ts";
import { withExamples } from "./examples.ts";
import { DETACH_KEYS, integer } from "./option-values.ts";
import type { Outcome } from "./outcome.ts";

const GRACE = ["-t, --timeout <seconds>", "time from asking to killing; the box's own by default"] as const;
const ASKING = ["-s, --signal <signal>", "what asks the main process to end; the box's own by default"] as const;

/** Commands that start, end, name and remove boxes, as docker has them. */
export function addLifeCommands(program: Command, outcome: Outcome): void {
  withExamples(
    program
      .command("start")
      .description("start boxes that have ended, or were only created")
      .argument(...BOXES)
      .option("-a, --attach", "stay with the main process, and end with its exit code")
      .option("-i, --interactive", "pass standard input on as well, where the box takes it")
      .option(...DETACH_KEYS)
      .action(async (names: readonly string[], options) =>
        outcome.exit(await (await import("../commands/box/start.ts")).startBoxes(names, options)),
      ),
    "a3s-box start web",
    "a3s-box start -a build",
  );
  addEnds(program);
  withExamples(
    program
      .command("rm")
      .description("remove boxes, their logs and what they wrote")
      .argument(...BOXES)
      .option("-f, --force", "also those that run, or are damaged")
      .option("-v, --volumes", "as docker has it, volumes without a name: boxes have none")
      .option("--named-volumes", "also its named volumes that no other box has, with their files")
      .action(async (names: readonly string[], options) =>
        (await import("../commands/box/remove.ts")).removeBoxes(names, options),
      ),
    "a3s-box rm web",
    "a3s-box rm -f $(a3s-box ps -aq)",
  );
  withExamples(
    program
      .command("rename")
      .description("give a box another name")
      .argument(...BOX)
      .argument("<name>", "2 to 128 letters, digits and _.- of which the first is a letter or digit")
      .action(async (box: string, name: string) => (await import("../commands/box/rename.ts")).renameBox(box, name)),
    "a3s-box rename calm-otter web",
  );
}

function addEnds(program: Command): void {
  withExamples(
    program
      .command("stop")
      .description("ask boxes to end, and end them after a grace")
      .argument(...BOXES)
      .option(...ASKING)
      .option(...GRACE, integer)
      .action(async (names: readonly string[], options) =>
        (await import("../commands/box/stop.ts")).stopBoxes(names, options),
      ),
    "a3s-box stop web",
    "a3s-box stop -t 60 $(a3s-box ps -q)",
    "a3s-box stop -s QUIT web",
  );
  withExamples(
    program
      .command("restart")
      .description("stop boxes and start them again")
      .argument(...BOXES)
      .option(...ASKING)
      .option(...GRACE, integer)
      .action(async (names: readonly string[], options) =>
        (await import("../commands/box/stop.ts")).restartBoxes(names, options),
      ),
    "a3s-box restart web",
  );
  withExamples(
    program
      .command("kill")
      .description("end boxes at once, or send their main process a signal")
      .argument(...BOXES)
      .option("-s, --signal <signal>", "signal to send", "SIGKILL")
      .action(async (names: readonly string[], options) =>
        (await import("../commands/box/kill.ts")).killBoxes(names, options),
      ),
    "a3s-box kill web",
    "a3s-box kill -s HUP web",
  );
  withExamples(
    program
      .command("wait")
      .description("wait until boxes have ended, and print their exit codes")
      .argument(...BOXES)
      .action(async (names: readonly string[]) => (await import("../commands/box/wait.ts")).waitForBoxes(names)),
    "a3s-box wait build",
  );
}
