import type { Command } from "commander";
import { withBoxOptions } from "./box-options.ts";
import { withExamples } from "./examples.ts";
import { commandOf, DETACH_KEYS } from "./option-values.ts";
import { type Outcome, RUNTIME_FAILURE } from "./outcome.ts";
import { withSupervisionOptions } from "./supervision-options.ts";

/** Commands that make a box of an image, as docker has them. */
export function addMakingCommands(program: Command, outcome: Outcome): void {
  addRun(program, outcome);
  withExamples(
    withMaking(program.command("create").description("make a box that is ready to be started, and print its ID"))
      .option("-q, --quiet", "no progress")
      .passThroughOptions()
      .action(async (image: string, words: string[], options) => {
        outcome.failWith(RUNTIME_FAILURE);
        const { createBox } = await import("../commands/box/create.ts");
        await createBox({ image, command: commandOf(words), ...options });
      }),
    "a3s-box create --name web --network tsi -p 0.0.0.0:8080:80 nginx:1.29",
  );
}

function addRun(program: Command, outcome: Outcome): void {
  withExamples(
    withMaking(
      program.command("run").description("make a box, boot it in its own kernel, and stay with its main process"),
    )
      .option("-d, --detach", "leave it running, and print its ID")
      .option(...DETACH_KEYS)
      .option("--verbose", "say what the boot does, and where its time went, on standard error")
      .passThroughOptions()
      .action(async (image: string, words: string[], options) => {
        outcome.failWith(RUNTIME_FAILURE);
        const { runBox } = await import("../commands/box/run.ts");
        outcome.exit(await runBox({ image, command: commandOf(words), ...options }));
      }),
    "a3s-box run --rm alpine:3.22 -- uname -a",
    "a3s-box run --rm -it alpine:3.22 -- sh",
    "echo hello | a3s-box run --rm -i alpine:3.22 -- wc -c",
    "a3s-box run -d --name web --network tsi -p 0.0.0.0:8080:80 nginx:1.29",
    "a3s-box run -d --restart on-failure:3 --health-cmd 'wget -q -O /dev/null localhost' nginx:1.29",
    "a3s-box run --rm -v $PWD:/work:ro -w /work alpine:3.22 -- ls",
    "a3s-box run --rm -v data:/var/lib/data --disk 4g alpine:3.22 -- touch /var/lib/data/kept",
    "a3s-box run --rm --cap-drop ALL --ulimit nofile=256 -u nobody alpine:3.22 -- id",
  );
}

function withMaking(command: Command): Command {
  return withSupervisionOptions(
    withBoxOptions(
      command
        .argument("<image>", "image reference, or oci:/path/to/layout:tag")
        .argument("[command...]", "command and arguments; the image's own when left out")
        .option("--name <name>", "its name; two words by default"),
    )
      .option("--rm", "remove it when it has ended")
      .option("-i, --interactive", "let standard input be written to")
      .option("-t, --tty", "run the command on a terminal"),
  );
}
