import * as v from "valibot";
import { fields } from "../fields.ts";
import { integer } from "../number.ts";

/** Most bytes of one file of a log when nothing else is said: 10 MiB. */
export const DEFAULT_LOG_BYTES = 10 * 1024 * 1024;
/** Most files of a log when nothing else is said. */
export const DEFAULT_LOG_FILES = 5;
/** Least of `maxBytes`: a record of the log has at most 128 KiB, and has to fit. */
export const MIN_LOG_BYTES = 128 * 1024;
/** Least of `files`: one is written while another is read. */
export const MIN_LOG_FILES = 2;
/** Most of `files`. */
export const MAX_LOG_FILES = 100;

/** How much a log may take: `maxBytes` times `files`; the oldest file goes first. */
export const logs = fields({
  maxBytes: v.optional(integer(MIN_LOG_BYTES, Number.MAX_SAFE_INTEGER), DEFAULT_LOG_BYTES),
  files: v.optional(integer(MIN_LOG_FILES, MAX_LOG_FILES), DEFAULT_LOG_FILES),
});
