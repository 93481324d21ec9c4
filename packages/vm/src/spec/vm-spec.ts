import type { ResourceLimits, ResourceName } from "@a3s/core";
import type { CheckedVmDisk, VmDisk } from "./disk.ts";
import type { VmNetwork } from "./network.ts";
import type { CheckedRlimits } from "./rlimits.ts";

/**
 * A VM, as plain data. {@link parseVmSpec} checks it; {@link planCalls} turns it into calls of libkrun.
 *
 * ```ts
 * const spec: VmSpec = {
 *   vcpus: 1,
 *   memoryMib: 256,
 *   root: { path: "/srv/guest" },
 *   init: { path: "/bin/busybox", args: ["uname", "-a"] },
 * };
 * ```
 */
export interface VmSpec {
  /** 1 to 16. */
  readonly vcpus: number;
  /** MiB of guest memory, 128 up. */
  readonly memoryMib: number;
  /** The directory of the host that is the guest's `/`. */
  readonly root: VmRoot;
  /** The program that the guest runs; when it ends, the VM ends. */
  readonly init: VmInit;
  /** Further directories of the host; the guest mounts them by tag (`mount -t virtiofs TAG DIR`). None by default, at most 6 together with `disks` and network cards. */
  readonly shares?: readonly VmShare[] | undefined;
  /** Files of the host that the guest has as `/dev/vda`, `/dev/vdb` and so on, in this order. None by default. */
  readonly disks?: readonly VmDisk[] | undefined;
  /** Ports between guest and host; no others are open. None by default. */
  readonly vsockPorts?: readonly VsockPort[] | undefined;
  /**
   * Whether the guest has the virtio ports `a3s.stdout` and `a3s.stderr` (`/sys/class/virtio-ports/PORT/name`): what is written to
   * `/dev/PORT` comes into the log apart from the console. The guest opens each of them **once**: libkrun 1.17 starts a port that is
   * opened again from the beginning of its queue. False by default; it takes the place of a share or disk.
   */
  readonly streams?: boolean | undefined;
  /** `{ kind: "none" }` by default. */
  readonly network?: VmNetwork | undefined;
  /**
   * Whether the guest can run VMs itself. False by default. libkrun 1.17 to 1.19 have it on macOS alone: on Linux such a VM does not start
   * (`VM_START_FAILED`).
   */
  readonly nestedVirtualization?: boolean | undefined;
  /** What the VM may take from the host. Without it, what its user may. */
  readonly limits?: VmLimits | undefined;
}

/**
 * Limits of the whole VM, by a cgroup (version 2) of its own. They need a cgroup that this user may make children of and
 * that has their controllers: root's, or one that systemd delegated.
 */
export interface VmLimits {
  /** MiB that the guest's memory, libkrun and the host's cache for the guest take together: at least 64 above `memoryMib` of the VM. */
  readonly memoryMib?: number | undefined;
  /** CPUs' worth of time, such as 1.5; at least 0.01. The guest still sees `vcpus`. */
  readonly cpus?: number | undefined;
  /** Threads of the VM process on the host: at least 32 more than `vcpus`. */
  readonly threads?: number | undefined;
}

/** See {@link VmSpec.root}. */
export interface VmRoot {
  /** Absolute path on the host. */
  readonly path: string;
  /** Writes of the guest fail with EROFS; false by default. */
  readonly readOnly?: boolean | undefined;
}

/**
 * The first program of the guest. It travels on the guest kernel's command line: printable ASCII without `"`, and so
 * little that path, arguments and environment fit with everything else into 2048 bytes. Send anything longer, or
 * secret, over vsock.
 */
export interface VmInit {
  /** Absolute path in the guest, without blanks. */
  readonly path: string;
  /** Arguments after the program's own name; at most 24. */
  readonly args?: readonly string[] | undefined;
  /** Variables with upper-case names: the kernel takes others for its own parameters. At most 24; nothing else is set but HOME and TERM. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /**
   * Whether the program itself is PID 1, with everything that this means (reaping, signals, mounting); otherwise a
   * tiny init of libkrun runs it as a child. False by default. The exit code of a PID 1 is lost, and 0 in its place,
   * unless it tells libkrun with `ioctl(open("/"), 0x7602, code)` before it mounts anything over `/`.
   */
  readonly pid1?: boolean | undefined;
  /**
   * Limits of the program and all that it starts, by the lower-case names of getrlimit(2): a number for both, or the soft one and the
   * maximum; `Infinity` for none. The guest's kernel has its own for the rest.
   */
  readonly rlimits?: Readonly<Partial<Record<ResourceName, number | ResourceLimits>>> | undefined;
}

/** What the guest can mount over virtio-fs. */
export type VmShare = DirectoryShare | ComposedShare;

/** A directory of the host. */
export interface DirectoryShare {
  /** Name for the guest, at most 36 bytes (virtio specification, `virtio_fs_config`). */
  readonly tag: string;
  /** Absolute path on the host. */
  readonly path: string;
  /** Writes of the guest fail with EROFS. */
  readonly readOnly: boolean;
  /**
   * MiB of the guest's address space through which it sees the files' pages where the host has them, instead of copies
   * of its own that are read again at every open; the guest has to mount the share with the option `dax`. From 2 to
   * 16384, none by default. It costs the guest 16 KiB of memory a MiB. Only for what is read-only and never changed by
   * anybody: a file that the host shortens ends a VM that reads beyond its new end.
   */
  readonly daxWindowMib?: number | undefined;
}

/** A directory that exists for the guest only: it holds its entries and nothing else, and takes no further names. */
export interface ComposedShare {
  /** As for {@link DirectoryShare}. */
  readonly tag: string;
  /** At most 256, each name once. */
  readonly entries: readonly ShareEntry[];
}

/** A directory or a single file of the host within a {@link ComposedShare}. */
export interface ShareEntry {
  /** Its name in the share. */
  readonly name: string;
  /** Absolute path on the host. */
  readonly path: string;
  /** Writes of the guest to this entry fail with EROFS, whatever others lead to the same place. */
  readonly readOnly: boolean;
}

/** A vsock port of the guest, joined to a Unix socket of the host. */
export interface VsockPort {
  readonly port: number;
  /** Absolute path, at most 107 bytes (`sun_path` of unix(7)). */
  readonly socketPath: string;
  /**
   * `guest-connects`: somebody on the host listens on the socket before the VM starts, and the guest connects to CID 2;
   * a socket that takes its place later does not exist for the VM.
   * `host-connects`: the guest listens; the socket is made with the VM, must not exist before, and goes with it. Give it
   * a directory of its own: it is the one directory besides the shares that the VM process may write to.
   */
  readonly direction: "guest-connects" | "host-connects";
}

/** A {@link VmSpec} that was checked, with every default filled in. */
export interface CheckedVmSpec {
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly root: Required<{ readonly [K in keyof VmRoot]: NonNullable<VmRoot[K]> }>;
  readonly init: Required<{ readonly [K in Exclude<keyof VmInit, "rlimits">]: NonNullable<VmInit[K]> }> & {
    readonly rlimits: CheckedRlimits;
  };
  readonly shares: readonly VmShare[];
  readonly disks: readonly CheckedVmDisk[];
  readonly vsockPorts: readonly VsockPort[];
  readonly streams: boolean;
  readonly network: VmNetwork;
  readonly limits: VmLimits;
  readonly nestedVirtualization: boolean;
}
