import type { BoxMetrics } from "@a3s/metrics";
import type { JailMode } from "@a3s/vm";
import type { ImagePullOptions } from "./image/find-image.ts";
import type { MainRequest } from "./plan/main-process.ts";

/** Options of `VmManager` beside its configuration. */
export interface VmManagerOptions {
  /** Home directory, absolute; `$A3S_HOME`, else `~/.a3s`, by default. */
  readonly home?: string;
  /** How images are pulled and kept: credentials, mirrors, certificates, signature policy, size of the store. */
  readonly pull?: ImagePullOptions;
  /** Where boots, states and execs are counted; nowhere by default. */
  readonly metrics?: BoxMetrics;
  /** What to do where the system does not allow a measure of the jail that every VM process gets; `required` by default. */
  readonly jail?: JailMode;
}

/** Options of `VmManager.boot`. */
export interface VmBootOptions {
  /** Abort to end the boot; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Makes the image's command the guest's main process, which belongs to the box and to no caller: what it writes is in the log, its
   * end is the box's, and it outlives whoever started it. `{}` takes everything from the image. Without it, the box waits for `exec`
   * and `run`.
   */
  readonly main?: MainRequest | undefined;
}
