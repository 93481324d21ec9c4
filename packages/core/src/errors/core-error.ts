import { BoxError } from "./box-error.ts";

/** Codes of errors that @a3s/core itself raises. */
export type CoreErrorCode =
  /** A configuration value is missing, of the wrong type or out of its bounds. */
  | "CONFIG_INVALID"
  /** Something did not happen within the time allowed for it. */
  | "DEADLINE_EXCEEDED"
  /** A digest is not `algorithm:hex` of a known algorithm. */
  | "DIGEST_INVALID";

/** An error of @a3s/core; see {@link CoreErrorCode}. */
export class CoreError extends BoxError<CoreErrorCode> {
  static override readonly errorName: string = "CoreError";
}
