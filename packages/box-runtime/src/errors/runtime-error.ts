import { BoxError } from "@a3s/core";

/** Codes of errors that @a3s/box-runtime itself raises; errors of the packages below come through with their own codes. */
export type RuntimeErrorCode =
  /** The box is not in a state that allows the call, such as `exec` before `boot`. */
  | "STATE_INVALID"
  /** The VM did not become ready; details hold the stage, the console's tail and how the VM ended. */
  | "BOOT_FAILED"
  /** The VM did not become ready within `bootTimeoutMs`; details as for `BOOT_FAILED`. */
  | "BOOT_TIMEOUT"
  /** This machine cannot run guests, which a failed boot found out; `details.finding` is the code of what is wrong with it. */
  | "HOST_UNFIT"
  /** The box was destroyed while it was booting. */
  | "BOX_DESTROYED"
  /** The image names no command and none was given; or it has no `HEALTHCHECK` for what was given of a health check. */
  | "COMMAND_MISSING"
  /** The box's network cannot be had on this machine, or cannot hold a port to what was asked of it; the hint says what to do. */
  | "NETWORK_UNENFORCEABLE"
  /** A name, labels or a subnet that a network of boxes cannot have. */
  | "NETWORK_INVALID"
  /** A network has that name already. */
  | "NETWORK_EXISTS"
  /** Another network, `details.network`, has addresses of the subnet. */
  | "NETWORK_OVERLAPS"
  /** The network has no address left for a box; or no subnet is left for a network. */
  | "NETWORK_FULL"
  /** No network has that name. */
  | "NETWORK_NOT_FOUND"
  /** Boxes are on the network, running or not; `details.boxes` holds their ids. */
  | "NETWORK_IN_USE"
  /** The record of the network cannot be read; `details.damage` says why. */
  | "NETWORK_DAMAGED"
  /** The box's `platform` is one whose programs this machine does not run. */
  | "PLATFORM_UNSUPPORTED"
  /** The box needs its image from where it comes from, and its `pullPolicy` is `never`. */
  | "PULL_REFUSED"
  /** A volume's source is missing, or neither a directory nor a file; or a name or labels that a volume cannot have. */
  | "VOLUME_INVALID"
  /** No volume has that name. */
  | "VOLUME_NOT_FOUND"
  /** A box has the volume, running or not. */
  | "VOLUME_IN_USE"
  /** No box has that id or name. */
  | "BOX_NOT_FOUND"
  /** Several boxes have ids that begin so; `details.ids` holds them. */
  | "BOX_AMBIGUOUS"
  /** The name is none that a box can have. */
  | "BOX_NAME_INVALID"
  /** Another box has the name; `details.box` is its id. */
  | "BOX_NAME_TAKEN"
  /** The box runs, and is not removed without `force`. */
  | "BOX_RUNNING"
  /** The record of the box cannot be read; `details.damage` says why. */
  | "BOX_DAMAGED"
  /** The record of the box could not be written, as on a full disk; `details.errno` names why. What it was before it is still. */
  | "BOX_UNSAVED"
  /** What is to be kept of a box is too much: its record would have more than 4 MiB. */
  | "BOX_INVALID"
  /** Another supervisor looks after the boxes of the home directory, which `details.home` names. */
  | "SUPERVISOR_RUNNING"
  /** VMs of this platform cannot be paused. */
  | "PAUSE_UNSUPPORTED"
  /** What was given as a place in the history of a home is none. */
  | "CURSOR_INVALID"
  /** The history of a home cannot be read or followed; the message names why. */
  | "HISTORY_UNREADABLE"
  /** The pool cannot have that size, or let boxes wait that long. */
  | "POOL_INVALID"
  /** The pool was disposed of; boxes that were acquired before are not affected. */
  | "POOL_CLOSED"
  /** What is copied cannot be copied there: a directory over a file, or into a directory that is missing. */
  | "COPY_INVALID"
  /** The host's system refused a part of a copy; `details.errno` names why. */
  | "COPY_FAILED";

/** An error of @a3s/box-runtime; see {@link RuntimeErrorCode}. */
export class RuntimeError extends BoxError<RuntimeErrorCode> {
  static override readonly errorName: string = "RuntimeError";
}
