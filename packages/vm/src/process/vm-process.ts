import type { ProcessIdentity } from "./identity.ts";
import type { JailMeasure } from "./jail.ts";
import type { VmEvidence } from "./start-error.ts";
import type { VmExit } from "./vm-exit.ts";

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
   * Ends the VM at once, as pulling the plug would, and waits until it is gone. Idempotent.
   *
   * @param options.graceMs time for vm-host to leave its record before it, too, is killed; 5000 by default
   */
  kill(options?: { readonly graceMs?: number }): Promise<VmExit>;
  /** The ends of what was written to stderr and to the console, up to now. */
  evidence(): Promise<VmEvidence>;
}
