import * as v from "valibot";

/** PATH_MAX of limits.h, less the NUL. */
const MAX_PATH_BYTES = 4095;

/** What a process can be given: no NUL byte, and nothing that UTF-8 cannot say. */
export const text = v.pipe(
  v.string(),
  v.check((value) => !value.includes("\0"), "must not contain a NUL byte"),
  v.check((value) => value.isWellFormed(), "must not contain half a surrogate pair"),
);

export const absolutePath = v.pipe(
  text,
  v.startsWith("/", "must be an absolute path"),
  v.maxBytes(MAX_PATH_BYTES, `must have at most ${MAX_PATH_BYTES} bytes`),
);
