import type { Command } from "commander";
import { withExamples } from "./examples.ts";
import { JSON_OUTPUT } from "./option-values.ts";

/** `a3s-box network`: which there are. They are kinds, and not made by anybody. */
export function addNetworkCommands(program: Command): void {
  const network = program.command("network").description("how guests reach others");
  withExamples(
    network
      .command("ls")
      .description("list networks, and what each is for")
      .option("-q, --quiet", "names only")
      .option(...JSON_OUTPUT)
      .action(async (options) => (await import("../commands/network/list.ts")).listNetworks(options)),
    "a3s-box network ls",
    "a3s-box run --network passt -p 8080:80 nginx",
  );
}
