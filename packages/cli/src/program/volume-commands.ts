import type { Command } from "commander";
import { withExamples } from "./examples.ts";
import { collect, JSON_OUTPUT } from "./option-values.ts";

/** `a3s-box volume`: as docker has it. */
export function addVolumeCommands(program: Command): void {
  const volume = program.command("volume").description("directories that boxes keep under a name");
  withExamples(
    volume
      .command("create")
      .description("make a volume; one that is there stays as it is")
      .argument("<name>", "letters, digits and _.- of which the first is a letter or digit")
      .option("--label <name=value>", "something to remember about it (repeatable)", collect, [])
      .action(async (name: string, options) =>
        (await import("../commands/volume/create.ts")).createVolume(name, options),
      ),
    "a3s-box volume create data --label team=storage",
  );
  withExamples(
    volume
      .command("ls")
      .description("list volumes")
      .option("-q, --quiet", "names only")
      .option("-s, --size", "what their files take, which has to be measured")
      .option(...JSON_OUTPUT)
      .action(async (options) => (await import("../commands/volume/list.ts")).listVolumes(options)),
    "a3s-box volume ls --size",
  );
  withExamples(
    volume
      .command("inspect")
      .description("print all that is known of volumes, their sizes too, as JSON")
      .argument("<volume...>", "names of volumes")
      .action(async (names: readonly string[]) =>
        (await import("../commands/volume/inspect.ts")).inspectVolumes(names),
      ),
    "a3s-box volume inspect data | jq -r '.[].path'",
  );
  withExamples(
    volume
      .command("rm")
      .description("remove volumes and their files")
      .argument("<volume...>", "volumes that no box has")
      .action(async (names: readonly string[]) => (await import("../commands/volume/remove.ts")).removeVolumes(names)),
    "a3s-box volume rm data",
  );
  withExamples(
    volume
      .command("prune")
      .description("remove all volumes that no box has")
      .requiredOption("-f, --force", "really: their files are gone then")
      .action(async () => (await import("../commands/volume/prune.ts")).pruneVolumes()),
    "a3s-box volume prune --force",
  );
}
