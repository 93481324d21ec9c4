import type { BoxEvent } from "@a3s/box-runtime";
import { InvalidArgumentError } from "commander";
import { familiarName } from "../output/familiar-name.ts";

const FILTERS: Readonly<Record<string, (event: BoxEvent, value: string) => boolean>> = {
  box: ({ id, name }, value) => id.startsWith(value) || name === value,
  event: ({ event }, value) => event === value || event === `box.${value}`,
  image: ({ image }, value) => image !== undefined && [image, familiarName(image)].includes(value),
};

/** Filters `name=value`, as docker has them: of several with one name one has to fit. */
export function parseEventFilters(entries: readonly string[]): (event: BoxEvent) => boolean {
  const filters = entries.map(parseFilter);
  const groups = Object.values(Object.groupBy(filters, ({ name }) => name));
  return (event) => groups.every((group) => group?.some(({ test, value }) => test(event, value)));
}

function parseFilter(text: string) {
  const [, name = "", value = ""] = /^([a-z]+)=(.+)$/s.exec(text) ?? [];
  const test = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  if (test !== undefined) return { name, test, value };
  throw new InvalidArgumentError(
    `${JSON.stringify(text)} is not a filter name=value with one of ${Object.keys(FILTERS).join(", ")}`,
  );
}
