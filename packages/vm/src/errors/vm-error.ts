import { BoxError } from "@a3s/core";

/** Codes of errors that @a3s/vm itself raises. */
export type VmErrorCode =
  /** A VM specification has a value of the wrong type, out of its bounds or in conflict with another; the message names the field. */
  | "VM_SPEC_INVALID"
  /** The VM did not start; details hold the stage, the system error and the ends of stderr and of the console. */
  | "VM_START_FAILED"
  /** libkrun or libkrunfw is not where it is looked for. */
  | "LIBKRUN_MISSING"
  /** libkrun is there but cannot be loaded. */
  | "LIBKRUN_UNUSABLE"
  /** libkrun lacks a call that is needed; the message says which version has it. */
  | "LIBKRUN_TOO_OLD"
  /** libkrun lacks a call that is needed, as it was built without the feature that the message names. */
  | "LIBKRUN_FEATURE_MISSING"
  /** A call of libkrun answered with an error number. */
  | "LIBKRUN_CALL_FAILED"
  /** The program that becomes a VM is not installed for this platform. */
  | "VM_HOST_MISSING"
  /** The guest agent is not installed for this platform. */
  | "GUEST_AGENT_MISSING"
  /** The log of a VM, or the news of its changes, cannot be had; the cause is the system's error. */
  | "VM_LOG_UNREADABLE"
  /** No VM was launched with this `statePath`. */
  | "VM_STATE_MISSING"
  /** The record of who a VM is cannot be believed, or others than this process's user could have written it. */
  | "VM_STATE_INVALID"
  /** The record of who a VM is names a process that is another one by now. */
  | "VM_IDENTITY_MISMATCH"
  /** The switch of a network did not start, or refused a member; the message says why. */
  | "SWITCH_FAILED"
  /** A boot root in the home directory is not what was published there. */
  | "BOOT_ROOT_CORRUPT";

/** An error of @a3s/vm; see {@link VmErrorCode}. */
export class VmError extends BoxError<VmErrorCode> {
  static override readonly errorName: string = "VmError";
}
