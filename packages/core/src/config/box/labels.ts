import * as v from "valibot";
import { named } from "../fields.ts";
import { text } from "../text.ts";

/** Most labels of a box. */
export const MAX_LABELS = 1024;

/** Names and values of the caller's own; nothing is done with them but to keep and show them. */
export const labels = named(
  v.pipe(text, v.nonEmpty("must not be empty"), v.maxBytes(255, "must have at most 255 bytes")),
  v.pipe(text, v.maxBytes(64 * 1024, "must have at most 64 KiB")),
  { most: MAX_LABELS },
);
