import { AgentError } from "../errors/agent-error.ts";
import { guestText } from "../errors/guest-text.ts";
import type { LinuxSignal } from "./linux-signal.ts";

/** Characters of stderr that {@link ExecResult.orThrow} puts into its error. */
const STDERR_TAIL = 4096;

/** What an {@link ExecResult} is made of. */
export interface ExecOutcome {
  readonly argv: readonly string[];
  readonly exitCode: number;
  readonly signal: LinuxSignal | null;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly truncated: boolean;
  readonly timedOut: boolean;
  readonly durationMs: number;
}

/** How a command ended and what it wrote. A non-zero exit code is data, not an error. */
export class ExecResult implements ExecOutcome {
  readonly argv: readonly string[];
  /** 0 to 255; 128 + N when signal N ended the command. */
  readonly exitCode: number;
  /** The signal that ended the command, such as "SIGKILL". */
  readonly signal: LinuxSignal | null;
  /** The bytes that the command wrote, up to `maxBufferBytes`; none when the process was iterated or its stream taken. */
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** Output went beyond `maxBufferBytes` and was dropped. */
  readonly truncated: boolean;
  /** The command was ended because of `timeoutMs`. */
  readonly timedOut: boolean;
  /** From the call of `exec` to the arrival of the exit, in milliseconds. */
  readonly durationMs: number;

  constructor(outcome: ExecOutcome) {
    this.argv = outcome.argv;
    this.exitCode = outcome.exitCode;
    this.signal = outcome.signal;
    this.stdout = outcome.stdout;
    this.stderr = outcome.stderr;
    this.truncated = outcome.truncated;
    this.timedOut = outcome.timedOut;
    this.durationMs = outcome.durationMs;
  }

  /** Whether the command ended by itself with exit code 0. */
  get ok(): boolean {
    return this.exitCode === 0;
  }

  /** Output as text; bytes that are not UTF-8 become U+FFFD. */
  text(stream: "stdout" | "stderr" = "stdout"): string {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this[stream]);
  }

  /**
   * The result itself when the command ended with 0.
   *
   * @throws {@link AgentError} `EXEC_FAILED`, or `EXEC_TIMED_OUT` after `timeoutMs`, with `exitCode`, `signal` and the end
   * of stderr in its details.
   */
  orThrow(): this {
    if (this.ok && !this.timedOut) return this;
    const command = this.argv[0] === undefined ? "The process" : JSON.stringify(guestText(this.argv[0], 200));
    const end = this.signal === null ? `ended with exit code ${this.exitCode}` : `was ended by ${this.signal}`;
    throw new AgentError({
      code: this.timedOut ? "EXEC_TIMED_OUT" : "EXEC_FAILED",
      message: this.timedOut ? `${command} took longer than it was allowed to and ${end}` : `${command} ${end}`,
      hint: "Look at `details.stderr`, or await the result without orThrow() to handle the exit code.",
      details: { exitCode: this.exitCode, signal: this.signal, stderr: this.text("stderr").slice(-STDERR_TAIL) },
    });
  }
}
