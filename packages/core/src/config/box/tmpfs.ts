import * as v from "valibot";
import { fields } from "../fields.ts";
import { integer } from "../number.ts";
import { absolutePath } from "../text.ts";
import { MAX_MEMORY_MIB } from "./resources.ts";

export const tmpfs = fields({
  /** Where it appears in the guest, absolute. */
  target: absolutePath,
  sizeMib: v.optional(integer(1, MAX_MEMORY_MIB)),
  mode: v.optional(integer(0, 0o7777)),
});
