import { RESOURCES, type ResourceName, type Ulimit, UNLIMITED } from "@a3s/core";
import { InvalidArgumentError } from "commander";

/** `name=soft[:hard]`, by the names of getrlimit(2); -1 or `unlimited` for none. */
export function parseUlimits(entries: readonly string[]): Partial<Record<ResourceName, Ulimit>> {
  return Object.fromEntries(entries.map(parseUlimit));
}

function parseUlimit(text: string): readonly [ResourceName, Ulimit] {
  const [, name = "", soft = "", hard = soft] = /^([a-z]+)=([^:]+)(?::([^:]+))?$/.exec(text) ?? refuse(text);
  if (!Object.hasOwn(RESOURCES, name)) {
    throw new InvalidArgumentError(`${JSON.stringify(name)} is not one of ${Object.keys(RESOURCES).join(", ")}`);
  }
  const limits = { soft: limit(soft, text), hard: limit(hard, text) };
  return [name as ResourceName, limits];
}

function limit(number: string, text: string): number {
  if (number === "-1" || number === "unlimited") return UNLIMITED;
  return /^\d{1,15}$/.test(number) ? Number(number) : refuse(text);
}

function refuse(text: string): never {
  throw new InvalidArgumentError(`${JSON.stringify(text)} is not name=soft[:hard], as in nofile=1024:4096`);
}
