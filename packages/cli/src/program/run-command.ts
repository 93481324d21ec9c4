import type { Command } from "commander";
import { collect, INSECURE_REGISTRY, integer } from "./option-values.ts";
import { type Outcome, RUNTIME_FAILURE } from "./outcome.ts";

export function addRun(program: Command, outcome: Outcome): void {
  program
    .command("run")
    .description("boot an image in its own kernel, run a command in it, and take it down without a trace")
    .argument("<image>", "image reference, or oci:/path/to/layout:tag")
    .argument("[command...]", "command and arguments; the image's own when left out")
    .option("-c, --cpus <n>", "virtual CPUs", integer)
    .option("-m, --memory <MiB>", "memory in MiB", integer)
    .option("--disk <MiB>", "writable layer on a disk of this size instead of in memory", integer)
    .option("-e, --env <NAME=VALUE>", "set an environment variable (repeatable)", collect, [])
    .option(
      "-v, --volume <source:target[:ro]>",
      "share a directory or file of the host, or a named volume (repeatable)",
      collect,
      [],
    )
    .option("--tmpfs <target[:size=64m,mode=1777]>", "memory file system in the guest (repeatable)", collect, [])
    .option("-h, --hostname <name>", "host name of the guest")
    .option("-w, --workdir <path>", "working directory in the guest")
    .option("-u, --user <user[:group]>", "user to run as")
    .option("-i, --interactive", "pass standard input on")
    .option("-t, --tty", "run the command on a terminal")
    .option("--read-only", "root file system without a writable layer")
    .option("--boot-timeout <seconds>", "time from the start of the VM until it is ready", integer)
    .option(...INSECURE_REGISTRY)
    .option("--verbose", "say what the boot does, and where its time went, on standard error")
    .helpOption("--help", "display help for command")
    .passThroughOptions()
    .addHelpText("after", EXAMPLES)
    .action(async (image: string, [first, ...rest]: string[], options) => {
      outcome.failWith(RUNTIME_FAILURE);
      const { runImage } = await import("../commands/run/run.ts");
      // Options end at the image already, so a "--" after it only shows where the command begins.
      const command = first === undefined || first === "--" ? rest : [first, ...rest];
      outcome.exit(await runImage({ image, command, ...options }));
    });
}

const EXAMPLES = `
Examples:
  a3s-box run alpine:3.22 -- uname -a
  a3s-box run -it alpine:3.22 -- sh
  echo hello | a3s-box run -i alpine:3.22 -- wc -c
  a3s-box run -v $PWD:/work:ro -w /work alpine:3.22 -- ls
  a3s-box run -v data:/var/lib/data --disk 4096 alpine:3.22 -- touch /var/lib/data/kept`;
