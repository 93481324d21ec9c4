import { type Platform, parsePlatform as parse } from "@a3s/core";
import { InvalidArgumentError } from "commander";

/** `os/architecture[/variant]`, as in `linux/arm64/v8`. */
export function parsePlatform(text: string | undefined): Platform | undefined {
  if (text === undefined) return undefined;
  const platform = parse(text);
  if (platform !== undefined) return platform;
  throw new InvalidArgumentError(`${JSON.stringify(text)} is not os/arch[/variant], as in linux/arm64`);
}
