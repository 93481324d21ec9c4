import * as v from "valibot";
import { parseSignal } from "../../values/linux-signal.ts";
import { named } from "../fields.ts";
import { integer } from "../number.ts";
import { absolutePath, text } from "../text.ts";

/** Most words of a command, and most variables. */
const MAX_WORDS = 4096;
/** MAX_ARG_STRLEN of linux/binfmts.h, less the NUL: what one argument or variable may have. */
const MAX_WORD_BYTES = 128 * 1024 - 1;

const word = v.pipe(text, v.maxBytes(MAX_WORD_BYTES, `must have at most ${MAX_WORD_BYTES} bytes`));

const words = v.pipe(v.array(word), v.maxLength(MAX_WORDS, `must have at most ${MAX_WORDS} words`));

export const command = words;

export const entrypoint = v.pipe(
  words,
  v.check(([program]) => program !== "", 'must not begin with an empty word; [] is "no entrypoint"'),
);

export const env = named(v.pipe(word, v.regex(/^[^=]+$/, "must be a name: not empty and without =")), word, {
  most: MAX_WORDS,
});

export const user = v.pipe(
  text,
  v.maxLength(512),
  v.regex(/^[^:]+(:[^:]+)?$/, "must be user[:group], by name or number"),
);

export const workdir = absolutePath;

/** Number or name. */
export const stopSignal = v.lazy((input) => (typeof input === "number" ? signalNumber : signalName));

const signalNumber = integer(1, 64);
const signalName = v.pipe(
  v.string(),
  v.check((name) => parseSignal(name) !== undefined, 'must be a signal of Linux, such as "SIGTERM"'),
);
