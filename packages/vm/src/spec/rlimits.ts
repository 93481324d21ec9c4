import { limitValue, RESOURCES, type ResourceLimits, type ResourceName } from "@a3s/core";
import * as v from "valibot";

/** Limits by name, each with what a process has and what it can have. */
export type CheckedRlimits = Readonly<Partial<Record<ResourceName, ResourceLimits>>>;

const limit = v.pipe(
  v.number(),
  v.check((value) => limitValue(value) !== undefined, "must be a whole number from 0, or Infinity"),
);
const limits = v.pipe(
  v.union([limit, v.strictObject({ soft: limit, hard: limit })], "must be a number, or soft and hard"),
  v.transform((value) => (typeof value === "number" ? { soft: value, hard: value } : value)),
  v.check(({ soft, hard }) => soft <= hard, "must not have soft above hard"),
);

export const rlimits = v.record(v.picklist(Object.keys(RESOURCES) as ResourceName[]), limits);

/** As libkrun's init in the guest reads them: `RESOURCE=SOFT:HARD`, the resource by its number. Pure. */
export function rlimitWords(limits: CheckedRlimits): readonly string[] {
  return Object.entries(limits).map(
    ([name, { soft, hard }]) => `${RESOURCES[name as ResourceName]}=${limitValue(soft)}:${limitValue(hard)}`,
  );
}
