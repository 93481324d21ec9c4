import { createRequire } from "node:module";
import { Command, InvalidArgumentError, Option } from "commander";

/** The `a3s-box` command line. What a command does is loaded when it runs, so that `--help` stays quick. */
export function buildProgram(setExitCode: (code: number) => void): Command {
  const { version } = createRequire(import.meta.url)("../package.json") as { version: string };
  const program = new Command("a3s-box")
    .description("Run OCI images in their own kernel.")
    .version(version)
    .showHelpAfterError("(try a3s-box --help)")
    .enablePositionalOptions();

  program
    .command("run")
    .description("boot an image in its own kernel, run a command in it, and take it down without a trace")
    .argument("<image>", "image reference, or oci:/path/to/layout:tag")
    .argument("[command...]", "command and arguments; the image's own when left out")
    .option("-c, --cpus <n>", "virtual CPUs", integer)
    .option("-m, --memory <MiB>", "memory in MiB", integer)
    .option("-e, --env <NAME=VALUE>", "set an environment variable (repeatable)", collect, [])
    .option(
      "-v, --volume <source:target[:ro]>",
      "share a directory or file of the host, or a named volume (repeatable)",
      collect,
      [],
    )
    .option("-w, --workdir <path>", "working directory in the guest")
    .option("-u, --user <user[:group]>", "user to run as")
    .option("-i, --interactive", "pass standard input on")
    .option("--read-only", "root file system without a writable layer")
    .option("--boot-timeout <seconds>", "time from the start of the VM until it is ready", integer)
    .option("--insecure-registry <host>", "registry host to be asked over plain HTTP (repeatable)", collect, [])
    .option("--verbose", "say what the boot does, and where its time went, on standard error")
    .passThroughOptions()
    .addHelpText("after", RUN_EXAMPLES)
    .action(async (image: string, [first, ...rest]: string[], options) => {
      const { runImage } = await import("./commands/run.ts");
      // Options end at the image already, so a "--" after it only shows where the command begins.
      const command = first === undefined || first === "--" ? rest : [first, ...rest];
      setExitCode(await runImage({ image, command, ...options }));
    });

  program
    .command("doctor")
    .description("check whether this machine can run guests, and say how to mend what is missing")
    .addOption(new Option("--json", "print the report as JSON"))
    .action(async (options: { json?: boolean }) => {
      const { doctor } = await import("./commands/doctor.ts");
      setExitCode(await doctor(options));
    });

  return program;
}

function integer(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}

const RUN_EXAMPLES = `
Examples:
  a3s-box run alpine:3.22 -- uname -a
  echo hello | a3s-box run -i alpine:3.22 -- wc -c
  a3s-box run -v $PWD:/work:ro -w /work alpine:3.22 -- ls`;
