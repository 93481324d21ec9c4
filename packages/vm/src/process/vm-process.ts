import type { VmLogEntry } from "../log/log-entry.ts";
import type { VmLogOptions } from "../log/read-log.ts";
import type { ProcessIdentity } from "./identity.ts";
import type { JailMeasure } from "./jail.ts";
import type { VmEvidence } from "./start-error.ts";
import type { VmExit } from "./vm-exit.ts";

/** Time that vm-host has to end a VM and record it, in milliseconds, when nothing else is said. */
export const STOP_GRACE_MS = 5000;

/** Options of {@link VmProcess.stop}. */
export interface StopOptions {
  /** Milliseconds from the request to the kill; 5000 by default. */
  readonly graceMs?: number | undefined;
  /** Ends the wait; what was asked for stays asked. */
  readonly signal?: AbortSignal | undefined;
}

/** A VM that was started. Disposing it ends it, a detached one included. */
export interface VmProcess extends AsyncDisposable {
  /** The process that watches over the VM; it lives exactly as long as the VM. */
  readonly identity: ProcessIdentity;
  /** The process that is the VM: a child of the one above. */
  readonly vmPid: number;
  /** What stands between the VM process and the host: the measures that are in force. */
  readonly jail: readonly JailMeasure[];
  /** How the VM ended; resolves after it has, with both processes gone. Never rejects. */
  readonly exited: Promise<VmExit>;
  /**
   * Ends the VM, and waits until it is gone: SIGTERM to vm-host, which pulls the plug and records the end; SIGKILL when it has not
   * done so in time, and the VM goes with it. What runs in the guest is to be asked before, over its own channel. Idempotent.
   *
   * @throws the signal's reason, when it aborts the wait
   */
  stop(options?: StopOptions): Promise<VmExit>;
  /** {@link stop} that nobody calls off: it never rejects. */
  kill(options?: Pick<StopOptions, "graceMs">): Promise<VmExit>;
  /** What the VM has said, console and main process, in order; with `follow`, also what it goes on to say, until it has ended. */
  logs(options?: VmLogOptions): AsyncIterable<VmLogEntry>;
  /** The ends of what was written to stderr and to the console, up to now. */
  evidence(): Promise<VmEvidence>;
}
