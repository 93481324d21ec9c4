import { createRuntime } from "@a3s/box-runtime";
import { InvalidArgumentError } from "commander";
import { printLines } from "../../output/print.ts";

/** `a3s-box volume create`: prints its name. */
export async function createVolume(name: string, options: { readonly label: readonly string[] }): Promise<void> {
  const labels = Object.fromEntries(options.label.map(parseLabel));
  printLines([(await createRuntime().volumes.create(name, { labels })).name]);
}

function parseLabel(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  if (equals === 0 || text === "") throw new InvalidArgumentError(`${JSON.stringify(text)} is not name=value`);
  return equals < 0 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
}
