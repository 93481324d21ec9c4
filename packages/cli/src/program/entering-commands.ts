import type { Command } from "commander";
import { BOX } from "./box-names.ts";
import { withExamples } from "./examples.ts";
import { commandOf, DETACH_KEYS, repeatable } from "./option-values.ts";
import type { Outcome } from "./outcome.ts";

/** Commands that reach into a box that runs, as docker has them. */
export function addEnteringCommands(program: Command, outcome: Outcome): void {
  withExamples(
    program
      .command("exec")
      .description("run a command in a box that runs")
      .argument(...BOX)
      .argument("<command...>", "command and arguments")
      .option("-i, --interactive", "pass standard input on")
      .option("-t, --tty", "run the command on a terminal")
      .option("-d, --detach", "leave it running, and print nothing")
      .addOption(repeatable("-e, --env <NAME[=VALUE]>", "set an environment variable, or pass one on"))
      .addOption(repeatable("--env-file <file>", "read environment variables from a file, one a line"))
      .option("-w, --workdir <directory>", "working directory in the guest")
      .option("-u, --user <user[:group]>", "user to run as")
      .passThroughOptions()
      .action(async (box: string, words: readonly string[], options) => {
        const { execInBox } = await import("../commands/box/exec.ts");
        outcome.exit(await execInBox(box, commandOf(words), options));
      }),
    "a3s-box exec web -- ls /srv",
    "a3s-box exec -it web -- sh",
    "tar -c . | a3s-box exec -i web -- tar -x -C /srv",
  );
  withExamples(
    program
      .command("attach")
      .description("join the main process of a box: its output from here on, and its standard input where it takes any")
      .argument(...BOX)
      .option(...DETACH_KEYS)
      .option("--no-stdin", "leave its standard input alone")
      .option("--no-sig-proxy", "end alone at a signal, instead of handing it on")
      .action(async (box: string, options) =>
        outcome.exit(await (await import("../commands/box/attach.ts")).attachToBox(box, options)),
      ),
    "a3s-box attach web",
    "a3s-box attach --detach-keys ctrl-x shell",
  );
  withExamples(
    program
      .command("cp")
      .description("copy files and trees between a box and this machine; one that does not run is booted for it")
      .argument("<from>", "BOX:PATH, a path, or - for a tar archive on standard input")
      .argument("<to>", "BOX:PATH, a path, or - for a tar archive on standard output")
      .option("-a, --archive", "keep owners")
      .option("-L, --follow-link", "copy what a link leads to, where <from> is one")
      .option("-q, --quiet", "do not say what was copied")
      .action(async (from: string, to: string, options) =>
        (await import("../commands/box/copy.ts")).copyFiles(from, to, options),
      ),
    "a3s-box cp notes.txt web:/srv/",
    "a3s-box cp web:/var/log/. logs",
    "a3s-box cp web:/srv - | tar -t",
    "a3s-box cp $(a3s-box create alpine:3.22):/etc/os-release .",
  );
}
