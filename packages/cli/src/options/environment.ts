import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";

/**
 * The environment of `--env-file` and `-e`, the latter last. `NAME=VALUE`; a bare `NAME` stands for this process's own value, and for nothing
 * where it has none, as docker has it.
 */
export function parseEnvironment(
  files: readonly string[],
  entries: readonly string[],
  own: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const entry of [...files.flatMap(linesOf), ...entries]) {
    const equals = entry.indexOf("=");
    const name = equals < 0 ? entry : entry.slice(0, equals);
    if (name === "" || /\s/.test(name)) throw new InvalidArgumentError(`${JSON.stringify(entry)} is not NAME=VALUE`);
    const value = equals < 0 ? own[name] : entry.slice(equals + 1);
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/** Lines with neither quotes nor expansion; blank ones and those that begin with # are passed over. */
function linesOf(file: string): readonly string[] {
  try {
    const lines = readFileSync(file, "utf8")
      .split(/\r?\n/)
      .map((line) => line.trimStart());
    return lines.filter((line) => line !== "" && !line.startsWith("#"));
  } catch (error) {
    throw new InvalidArgumentError(`the environment file cannot be read: ${(error as Error).message}`);
  }
}
