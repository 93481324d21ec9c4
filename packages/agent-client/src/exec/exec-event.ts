import type { LinuxSignal } from "./linux-signal.ts";

/** The command runs. */
export interface ExecStartedEvent {
  readonly type: "started";
  /** Process ID in the guest, which is also its process group. */
  readonly pid: number;
  /** Names the process for `client.processes`; unlike `pid` it is never given to another one. */
  readonly id: number;
}

/** Bytes that the command wrote; pieces of at most 256 KiB, cut anywhere. A terminal's are all `stdout`. */
export type ExecOutputEvent =
  | { readonly type: "stdout"; readonly data: Uint8Array }
  | { readonly type: "stderr"; readonly data: Uint8Array };

/** The command ended and all its output was delivered. */
export interface ExecExitEvent {
  readonly type: "exit";
  /** 0 to 255; 128 + N when signal N ended the command. */
  readonly exitCode: number;
  /** The signal that ended the command. */
  readonly signal: LinuxSignal | null;
  /** It was ended because of `timeoutMs`. */
  readonly timedOut: boolean;
  /** From the call of `exec` to the arrival of this event, in milliseconds. */
  readonly durationMs: number;
}

/** What happens while a command runs, in order: `started`, output, `exit`. */
export type ExecEvent = ExecStartedEvent | ExecOutputEvent | ExecExitEvent;
