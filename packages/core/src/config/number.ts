import * as v from "valibot";

const DAY_MS = 24 * 60 * 60 * 1000;

/** A time in milliseconds, from `least` to a day. */
export const milliseconds = (least: number) => integer(least, DAY_MS);

export const integer = (least: number, most: number) =>
  v.pipe(
    v.number(),
    v.integer("must be a whole number"),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  );
