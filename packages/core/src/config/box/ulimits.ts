import * as v from "valibot";
import { RESOURCES, type ResourceName } from "../../values/resource.ts";
import { fields, named } from "../fields.ts";
import { suggestion } from "../nearest-name.ts";

/** Stands for no limit, as docker has it: JSON has no `Infinity`. */
export const UNLIMITED = -1;

const names = Object.keys(RESOURCES) as ResourceName[];
const name = v.picklist(names, (issue) => `is no resource${suggestion(String(issue.input), names)}`);

const value = v.pipe(
  v.number(),
  v.transform((limit) => (limit === Number.POSITIVE_INFINITY ? UNLIMITED : limit)),
  v.safeInteger("must be a whole number"),
  v.minValue(UNLIMITED, "must be at least 0, or -1 for no limit"),
);

const both = v.pipe(
  value,
  v.transform((limit) => ({ soft: limit, hard: limit })),
);
const pair = v.pipe(
  fields({
    /** What a process starts with. */
    soft: value,
    /** Up to what it may raise that itself. */
    hard: value,
  }),
  v.check(
    ({ soft, hard }) => hard === UNLIMITED || (soft !== UNLIMITED && soft <= hard),
    "has a soft limit above the hard one",
  ),
);

export const ulimits = v.pipe(
  named(
    name as v.GenericSchema<string, string>,
    v.lazy((input) => (typeof input === "number" ? both : pair)),
    { most: names.length },
  ),
  v.transform((limits): Readonly<Partial<Record<ResourceName, Ulimit>>> => limits),
);

/** A limit of getrlimit(2): whole numbers, or -1 for none. */
export interface Ulimit {
  readonly soft: number;
  readonly hard: number;
}
