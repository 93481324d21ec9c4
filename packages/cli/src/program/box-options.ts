import type { Command } from "commander";
import { INSECURE_REGISTRY, integer, mebibytes, repeatable } from "./option-values.ts";

/** Options that say what a box is and how its main process runs, named as docker's where they mean the same. */
export function withBoxOptions(command: Command): Command {
  command
    .option("--cpus <n>", "virtual CPUs", integer)
    .option("-m, --memory <size>", "memory, as in 512m or 2g; a bare number is MiB", mebibytes)
    .option("--disk <size>", "writable layer on a disk of this size instead of in memory", mebibytes)
    .addOption(repeatable("-e, --env <NAME[=VALUE]>", "set an environment variable, or pass one on"))
    .addOption(repeatable("--env-file <file>", "read environment variables from a file, one a line"))
    .addOption(
      repeatable("-v, --volume <source:target[:ro]>", "share a directory or file of the host, or a named volume"),
    )
    .addOption(repeatable("--tmpfs <target[:size=64m,mode=1777]>", "memory file system in the guest"))
    .option("-h, --hostname <name>", "host name of the guest")
    .option("-w, --workdir <directory>", "working directory in the guest")
    .option("-u, --user <user[:group]>", "user to run as")
    .option("--read-only", "root file system without a writable layer")
    .addOption(repeatable("--cap-add <capability>", "give the command a capability, or ALL"))
    .addOption(repeatable("--cap-drop <capability>", "take a capability from the command, or ALL"))
    .addOption(
      repeatable(
        "--security-opt <option>",
        "no-new-privileges=false lets it gain rights; seccomp=unconfined, any call",
      ),
    )
    .addOption(repeatable("--ulimit <name=soft[:hard]>", "limit of a resource, getrlimit(2); -1 for none"))
    .option("--stop-signal <signal>", "what asks the command to end; the image's own by default")
    .option("--stop-timeout <seconds>", "time from asking to killing", integer)
    .option("--boot-timeout <seconds>", "time from the start of the VM until it is ready", integer)
    .option(...INSECURE_REGISTRY);
  // -h is the host name, as docker has it.
  return command.helpOption("--help", "display help for command");
}
