import { InvalidArgumentError } from "commander";

/** What of a box filters look at. */
export interface Filterable {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly image: string;
  readonly exitCode?: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

type Test = (box: Filterable, value: string) => boolean;

const FILTERS: Readonly<Record<string, Test>> = {
  id: (box, value) => box.id.startsWith(value),
  name: (box, value) => box.name.includes(value),
  status: (box, value) => box.state === value,
  ancestor: (box, value) => box.image === value,
  exited: (box, value) => box.exitCode !== undefined && box.exitCode === Number(value),
  label: (box, value) => {
    const equals = value.indexOf("=");
    if (equals < 0) return Object.hasOwn(box.labels, value);
    const name = value.slice(0, equals);
    return Object.hasOwn(box.labels, name) && box.labels[name] === value.slice(equals + 1);
  },
};

/**
 * Whether a box passes all filters `name=value`, as docker has it: of several with one name one has to fit, but labels all. The state may be
 * asked for by any name; names that no box has fit none.
 */
export function parseFilters(entries: readonly string[]): (box: Filterable) => boolean {
  const byName = Object.groupBy(entries.map(parseFilter), ({ name }) => name);
  const groups = Object.values(byName).filter((group) => group !== undefined);
  return (box) =>
    groups.every((group) => {
      const fits = ({ test, value }: Filter) => test(box, value);
      return group[0]?.name === "label" ? group.every(fits) : group.some(fits);
    });
}

interface Filter {
  readonly name: string;
  readonly test: Test;
  readonly value: string;
}

function parseFilter(text: string): Filter {
  const [, name = "", value = ""] = /^([a-z]+)=(.+)$/s.exec(text) ?? [];
  const test = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  if (test !== undefined) return { name, test, value };
  throw new InvalidArgumentError(
    `${JSON.stringify(text)} is not a filter name=value with one of ${Object.keys(FILTERS).join(", ")}`,
  );
}
