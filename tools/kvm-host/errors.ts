/** Why the emulated host could not run a command to its end. The message is one sentence with what to do. */
export type KvmHostErrorCode =
  /** A program or file that the tool needs on the machine is missing. */
  | "REQUIREMENT_MISSING"
  /** The kernel could not be fetched or unpacked. */
  | "KERNEL_UNAVAILABLE"
  /** QEMU or the kernel in it ended before the command did. */
  | "ENDED_EARLY"
  /** The emulated machine stopped working, as QEMU's software CPU sometimes does: its heart was silent. */
  | "FROZEN"
  /** The command did not end in the time it was given. */
  | "TIMEOUT";

export class KvmHostError extends Error {
  override readonly name = "KvmHostError";
  readonly code: KvmHostErrorCode;
  /** The last lines of the emulated host's console, where there are any. */
  readonly console: string;

  constructor(code: KvmHostErrorCode, message: string, details: { cause?: unknown; console?: string } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.console = details.console ?? "";
  }
}
