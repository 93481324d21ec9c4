import type { Command } from "commander";
import { withBoxOptions } from "./box-options.ts";
import { withExamples } from "./examples.ts";
import { type Outcome, RUNTIME_FAILURE } from "./outcome.ts";

export function addRun(program: Command, outcome: Outcome): void {
  withExamples(
    withBoxOptions(
      program
        .command("run")
        .description("boot an image in its own kernel, run a command in it, and take it down without a trace")
        .argument("<image>", "image reference, or oci:/path/to/layout:tag")
        .argument("[command...]", "command and arguments; the image's own when left out"),
    )
      .option("-i, --interactive", "pass standard input on")
      .option("-t, --tty", "run the command on a terminal")
      .option("--verbose", "say what the boot does, and where its time went, on standard error")
      .passThroughOptions()
      .action(async (image: string, words: string[], options) => {
        outcome.failWith(RUNTIME_FAILURE);
        const { runImage } = await import("../commands/run/run.ts");
        outcome.exit(await runImage({ image, command: commandOf(words), ...options }));
      }),
    "a3s-box run alpine:3.22 -- uname -a",
    "a3s-box run -it alpine:3.22 -- sh",
    "echo hello | a3s-box run -i alpine:3.22 -- wc -c",
    "a3s-box run -v $PWD:/work:ro -w /work alpine:3.22 -- ls",
    "a3s-box run -v data:/var/lib/data --disk 4g alpine:3.22 -- touch /var/lib/data/kept",
    "a3s-box run --cap-drop ALL --ulimit nofile=256 -u nobody alpine:3.22 -- id",
  );
}

/** Options end at the image already, so a "--" after it only shows where the command begins. */
function commandOf([first, ...rest]: readonly string[]): readonly string[] {
  return first === undefined || first === "--" ? rest : [first, ...rest];
}
