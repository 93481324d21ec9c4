import type { Command } from "commander";
import { parseDuration, parseLifetime } from "../options/duration.ts";
import { integer } from "./option-values.ts";

/** Options of what a supervisor does for a box, named as docker's where they mean the same. */
export function withSupervisionOptions(command: Command): Command {
  return command
    .option("--restart <policy>", "start it again: no, always, unless-stopped or on-failure[:N]; by a supervisor")
    .option("--lifetime <time>", "stop it when it was up so long, as in 30m, or none; by a supervisor", parseLifetime)
    .option("--health-cmd <line>", "line for the image's shell that says by exit code 0 that it is healthy")
    .option("--health-grpc", "check it by the agent's own health instead")
    .option("--health-interval <time>", "from one check to the next; the image's, or 30s, by default", parseDuration)
    .option("--health-timeout <time>", "time that a check may take; the image's, or 30s, by default", parseDuration)
    .option("--health-retries <n>", "failures in a row that make it unhealthy; the image's, or 3, by default", integer)
    .option(
      "--health-start-period <time>",
      "time in which failures do not count yet; the image's, or 0s, by default",
      parseDuration,
    )
    .option("--no-healthcheck", "no check, also where the image has one");
}
