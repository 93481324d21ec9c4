/** What a host check looks at, and how it can turn out. */
export type HostFindingCode =
  /** Not Linux on x86-64 or AArch64. */
  | "HOST_PLATFORM_UNSUPPORTED"
  /** Linux on AArch64, where VMs have run on an emulated machine only. */
  | "HOST_PLATFORM_UNTRIED"
  /** Linux older than 5.14. */
  | "HOST_KERNEL_TOO_OLD"
  /** There is no /dev/kvm. */
  | "HOST_KVM_MISSING"
  /** /dev/kvm may not be opened. */
  | "HOST_KVM_DENIED"
  /** /dev/kvm opens but cannot run an ordinary guest. */
  | "HOST_KVM_UNUSABLE"
  /** Nobody could tell whether KVM works. */
  | "HOST_KVM_UNKNOWN"
  /** The system does not allow every measure of the jail that each VM gets. */
  | "HOST_JAIL_INCOMPLETE"
  /** Nobody could tell whether it does. */
  | "HOST_JAIL_UNKNOWN"
  /** Fewer open files are allowed than a guest's file system may need. */
  | "HOST_NOFILE_LOW"
  /** Sockets below the home directory would have paths that are too long. */
  | "HOST_HOME_TOO_LONG"
  /** Little disk space is left in the home directory. */
  | "HOST_DISK_LOW"
  /** The program that becomes a VM is not installed. */
  | "VM_HOST_MISSING"
  /** There is no native one: VMs run in Node.js, which costs memory and parts of the jail. */
  | "VM_HOST_NODE"
  /** libkrun or libkrunfw was not found. */
  | "LIBKRUN_MISSING"
  /** libkrun was found but cannot be loaded. */
  | "LIBKRUN_UNUSABLE"
  /** libkrun lacks calls that are needed. */
  | "LIBKRUN_TOO_OLD"
  /** What was checked is in order. */
  | "HOST_PLATFORM_OK"
  | "HOST_KVM_OK"
  | "HOST_JAIL_OK"
  | "HOST_LIMITS_OK"
  | "HOST_HOME_OK"
  | "VM_HOST_OK"
  | "LIBKRUN_OK";

/** One thing that a host check found. */
export interface HostFinding {
  readonly code: HostFindingCode;
  /** With an `error`, no VM can run here; with a `warning`, some may not. */
  readonly severity: "ok" | "warning" | "error";
  /** One sentence. */
  readonly message: string;
  /** What to do about it; absent when it is `ok`. */
  readonly fix?: string;
}

/** What {@link checkHost} answers; plain data. */
export interface HostReport {
  /** Whether no finding is an error: VMs can run here. */
  readonly ok: boolean;
  readonly findings: readonly HostFinding[];
}
