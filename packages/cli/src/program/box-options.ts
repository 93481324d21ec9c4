import { type Command, Option } from "commander";
import { INSECURE_REGISTRY, integer, mebibytes, repeatable } from "./option-values.ts";

/** Options that say what a box is and how its main process runs, named as docker's where they mean the same. */
export function withBoxOptions(command: Command): Command {
  command
    .option("--cpus <n>", "virtual CPUs", integer)
    .option("-m, --memory <size>", "memory, as in 512m or 2g; a bare number is MiB", mebibytes)
    .option("--disk <size>", "writable layer on a disk of this size instead of in memory", mebibytes)
    .option("--entrypoint <program>", "program in place of the image's entrypoint and command; empty for none")
    .addOption(repeatable("-e, --env <NAME[=VALUE]>", "set an environment variable, or pass one on"))
    .addOption(repeatable("--env-file <file>", "read environment variables from a file, one a line"))
    .addOption(
      repeatable("-v, --volume <source:target[:ro]>", "share a directory or file of the host, or a named volume"),
    )
    .addOption(repeatable("--tmpfs <target[:size=64m,mode=1777]>", "memory file system in the guest"))
    .option("--network <network|kind>", "network that was made, or none, passt or tsi; none by default")
    .addOption(
      repeatable("-p, --publish <[address:]port:port[/tcp]>", "give a port of this machine to one of the guest"),
    )
    .option("-h, --hostname <name>", "host name of the guest")
    .addOption(repeatable("--add-host <name:address>", "a name that the guest knows, in /etc/hosts"))
    .addOption(repeatable("--dns <address>", "name server of the guest, at most three"))
    .addOption(repeatable("--dns-search <domain>", "domain that names are completed with"))
    .addOption(repeatable("--dns-option <option>", "option of resolv.conf(5), such as ndots:2"))
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
    .addOption(repeatable("-l, --label <name=value>", "something to remember about the box"))
    .addOption(
      new Option("--pull <policy>", "when the image is asked for at its source").choices([
        "missing",
        "always",
        "never",
      ]),
    )
    .option("--platform <os/arch[/variant]>", "platform of the image; this machine's by default")
    .option("--boot-timeout <seconds>", "time from the start of the VM until it is ready", integer)
    .option(...INSECURE_REGISTRY);
  // -h is the host name, as docker has it.
  return command.helpOption("--help", "display help for command");
}
