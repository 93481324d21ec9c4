import type { Platform } from "@a3s/core";
import { InvalidArgumentError } from "commander";

/** `os/architecture[/variant]`, as in `linux/arm64/v8`. */
export function parsePlatform(text: string | undefined): Platform | undefined {
  if (text === undefined) return undefined;
  const [, os = "", architecture = "", variant] = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/.exec(text) ?? [];
  if (os === "") throw new InvalidArgumentError(`${JSON.stringify(text)} is not os/arch[/variant], as in linux/arm64`);
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
