import type { Command } from "commander";
import { withExamples } from "./examples.ts";
import { collect, JSON_OUTPUT } from "./option-values.ts";

/** `a3s-box network`: as docker has it, for networks whose boxes reach each other alone. */
export function addNetworkCommands(program: Command): void {
  const network = program.command("network").description("how guests reach each other, and others");
  withExamples(
    network
      .command("create")
      .description("make a network whose boxes reach each other, by name too, and nobody else")
      .argument("<name>", "letters, digits and _.- of which the first is a letter or digit")
      .option("--subnet <cidr>", "its addresses, /24 to /29 of private ones; one that is free by default")
      .option("--label <name=value>", "something to remember about it (repeatable)", collect, [])
      .action(async (name: string, options) =>
        (await import("../commands/network/create.ts")).createNetwork(name, options),
      ),
    "a3s-box network create apps",
    "a3s-box run -d --network apps --name db postgres:17",
  );
  withExamples(
    network
      .command("ls")
      .description("list kinds of networks, and the networks that were made")
      .option("-q, --quiet", "names only")
      .option(...JSON_OUTPUT)
      .action(async (options) => (await import("../commands/network/list.ts")).listNetworks(options)),
    "a3s-box network ls",
    "a3s-box run --network passt -p 8080:80 nginx",
  );
  withExamples(
    network
      .command("inspect")
      .description("print all that is known of networks, their boxes and what these have sent, as JSON")
      .argument("<network...>", "names of networks that were made")
      .action(async (names: readonly string[]) =>
        (await import("../commands/network/inspect.ts")).inspectNetworks(names),
      ),
    "a3s-box network inspect apps | jq -r '.[].members[].address'",
  );
  withExamples(
    network
      .command("rm")
      .description("remove networks")
      .argument("<network...>", "networks that no box is on")
      .action(async (names: readonly string[]) =>
        (await import("../commands/network/remove.ts")).removeNetworks(names),
      ),
    "a3s-box network rm apps",
  );
  withExamples(
    network
      .command("prune")
      .description("remove all networks that no box is on")
      .requiredOption("-f, --force", "really: they have to be made again then")
      .action(async () => (await import("../commands/network/prune.ts")).pruneNetworks()),
    "a3s-box network prune --force",
  );
}
