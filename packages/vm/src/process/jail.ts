/**
 * What to do about a measure of the jail that this system does not allow: `required` fails the start, `best-effort`
 * starts without it. What belongs to the VM itself, such as that it cannot write to a read-only share, is required in both.
 */
export type JailMode = "required" | "best-effort";

/**
 * What stands between a VM process and the host; docs/security.md says what each is for.
 *
 * - `user-namespace`: its privileges hold within its own namespaces only.
 * - `mount-namespace`, `ipc-namespace`, `uts-namespace`, `network-namespace`: its own; the last unless the guest's sockets are to be the host's.
 * - `cgroup`: the limits of the specification, where it has some.
 * - `private-tree`: its root directory holds the VM's files and nothing else of the host.
 * - `resource-limits`: no core dump, a bounded number of threads.
 * - `few-capabilities`: those for owners and modes of files, and no others.
 * - `no-new-privileges`: no program gives it any.
 * - `system-call-filter`: it can make the system calls of a VM; any other ends it.
 */
export type JailMeasure = (typeof JAIL_MEASURES)[number];

/** In the order in which they are applied. */
export const JAIL_MEASURES = [
  "cgroup",
  "user-namespace",
  "mount-namespace",
  "ipc-namespace",
  "uts-namespace",
  "network-namespace",
  "resource-limits",
  "private-tree",
  "few-capabilities",
  "no-new-privileges",
  "system-call-filter",
] as const;
