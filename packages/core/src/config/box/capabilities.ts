import * as v from "valibot";
import { CAPABILITIES } from "../../values/capability.ts";
import { fields } from "../fields.ts";
import { suggestion } from "../nearest-name.ts";

const known = ["ALL", ...CAPABILITIES];

const capability = v.pipe(
  v.string(),
  v.transform((name) => name.toUpperCase().replace(/^CAP_/, "")),
  v.check(
    (name) => known.includes(name),
    (issue) => `is no capability${suggestion(String(issue.input), known)}`,
  ),
);

const list = v.optional(v.pipe(v.array(capability), v.maxLength(known.length)), []);

/** Names as in capabilities(7), with or without `CAP_`, or "ALL"; kept in capitals and without it. */
export const capabilities = fields({ add: list, drop: list });
