/**
 * What a box does now, as derived from its record, its VM and its locks.
 *
 * - `created`: it was never started
 * - `starting`, `stopping`, `removing`: a process is at it, or was when it ended; the next `open()` of a runtime finishes it or takes it back
 * - `running`: its VM is up
 * - `stopped`: its VM has ended; it can be started again
 * - `damaged`: its record cannot be read; all that is left is to remove it
 */
export type BoxLife = "created" | "starting" | "running" | "stopping" | "stopped" | "removing" | "damaged";

/** What a box is meant to do: written into its record before anything is done about it. */
export type BoxIntent = Exclude<BoxLife, "damaged">;

/** How the last run of a box ended. */
export interface BoxExit {
  /** 0 to 255 of the main process, 128 + N when signal N ended it; null when nobody knows, or the VM ended before it had. Never a guess. */
  readonly exitCode: number | null;
  /** The signal that ended the main process, such as `SIGTERM`; null also when nobody was there to hear of it. */
  readonly signal: string | null;
  /** How the VM ended, in one sentence. */
  readonly meaning: string;
  /** ISO 8601; null when that is not known. */
  readonly endedAt: string | null;
}
