import type { BoxLife, BoxSummary } from "@a3s/box-runtime";
import { InvalidArgumentError } from "commander";
import { familiarName } from "../output/familiar-name.ts";

type Test = (box: BoxSummary, value: string) => boolean;

/** States by what docker calls them, and by their own names. */
const STATES: Readonly<Record<string, BoxLife>> = {
  created: "created",
  starting: "starting",
  running: "running",
  stopping: "stopping",
  stopped: "stopped",
  exited: "stopped",
  removing: "removing",
  damaged: "damaged",
};

const FILTERS: Readonly<Record<string, Test>> = {
  id: (box, value) => box.id.startsWith(value),
  name: (box, value) => box.name.includes(value),
  status: (box, value) => box.state === STATES[value],
  ancestor: (box, value) => [box.image, familiarName(box.image), nameOf(familiarName(box.image))].includes(value),
  health: (box, value) => (box.health ?? "none") === value,
  exited: (box, value) => box.exit?.exitCode === Number(value),
  label: (box, value) => {
    const equals = value.indexOf("=");
    if (equals < 0) return Object.hasOwn(box.labels, value);
    const name = value.slice(0, equals);
    return Object.hasOwn(box.labels, name) && box.labels[name] === value.slice(equals + 1);
  },
};

/** An image without its tag or digest. */
function nameOf(reference: string): string {
  return reference.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
}

/** What filters say. */
export interface Filters {
  /** Whether a box passes all of them. */
  readonly passes: (box: BoxSummary) => boolean;
  /** Whether they are about boxes that do not run, so that these are meant as well. */
  readonly all: boolean;
}

/** Filters `name=value`, as docker has them: of several with one name one has to fit, but labels all. */
export function parseFilters(entries: readonly string[]): Filters {
  const filters = entries.map(parseFilter);
  return { passes: passesAll(filters), all: filters.some(({ name }) => name === "status" || name === "exited") };
}

function passesAll(filters: readonly Filter[]): Filters["passes"] {
  const byName = Object.groupBy(filters, ({ name }) => name);
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
  if (name === "status" && !Object.hasOwn(STATES, value)) {
    throw new InvalidArgumentError(`${JSON.stringify(value)} is not a status: ${Object.keys(STATES).join(", ")}`);
  }
  if (test !== undefined) return { name, test, value };
  throw new InvalidArgumentError(
    `${JSON.stringify(text)} is not a filter name=value with one of ${Object.keys(FILTERS).join(", ")}`,
  );
}
