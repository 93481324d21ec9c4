import * as v from "valibot";

/** A field with what it means, for its page in the documentation. */
export function field<Schema extends v.GenericSchema>(schema: Schema, meaning: string) {
  return v.pipe(schema, v.description(meaning));
}

/** A number of bytes. */
export const bytes = (meaning: string) => field(v.pipe(v.number(), v.integer(), v.minValue(0)), `bytes ${meaning}`);

/** `sha256:` and the like. */
export const digest = (meaning: string) => field(v.pipe(v.string(), v.regex(/^\w+:[0-9a-f]+$/)), `digest: ${meaning}`);

/** A point in time. */
export const time = (meaning: string) => field(v.pipe(v.string(), v.isoTimestamp()), `ISO 8601: ${meaning}`);
