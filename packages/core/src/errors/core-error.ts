import { BoxError } from "./box-error.ts";

/** Codes of errors that @a3s/core itself raises. */
export type CoreErrorCode =
  /** A configuration value is missing, unknown, of the wrong type or out of its bounds, or a file with one is no JSON or YAML. */
  | "CONFIG_INVALID"
  /** A file with a configuration cannot be read, is no text or too large. */
  | "CONFIG_UNREADABLE"
  /** Something did not happen within the time allowed for it. */
  | "DEADLINE_EXCEEDED"
  /** A digest is not `algorithm:hex` of a known algorithm. */
  | "DIGEST_INVALID";

/** An error of @a3s/core; see {@link CoreErrorCode}. */
export class CoreError extends BoxError<CoreErrorCode> {
  static override readonly errorName: string = "CoreError";
}
