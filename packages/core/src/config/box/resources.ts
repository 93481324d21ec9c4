import * as v from "valibot";
import { fields } from "../fields.ts";
import { integer } from "../number.ts";

/** vCPUs of a box when none are asked for. */
export const DEFAULT_VCPUS = 2;
/** Most vCPUs of a box: libkrunfw's kernel is built for 16. */
export const MAX_VCPUS = 16;
/** Memory of a box in MiB when none is asked for. */
export const DEFAULT_MEMORY_MIB = 1024;
/** Least memory of a box in MiB: kernel, agent and a small process. */
export const MIN_MEMORY_MIB = 128;
/** Most memory of a box in MiB. */
export const MAX_MEMORY_MIB = 1024 * 1024;
/** Least size of a box's disk in MiB: the file system's own structures, and something to write to. */
export const MIN_DISK_MIB = 16;
/** Most size of a box's disk in MiB. */
export const MAX_DISK_MIB = 1024 * 1024;

/** Least MiB of a memory limit above the guest's memory: libkrun takes about 12; the rest is the kernel's, for page tables, sockets and a cache to read files through. */
export const MIN_VM_OVERHEAD_MIB = 64;
/** Least limit of threads above the vCPUs: two for each of six devices, and libkrun's own. */
export const MIN_VM_THREADS = 32;
/** Least limit of CPU time: cpu.max has a quota of at least 1 ms in its period of 100 ms (Documentation/admin-guide/cgroup-v2.rst). */
export const MIN_CPUS = 0.01;

export const vcpus = integer(1, MAX_VCPUS);
export const memoryMib = integer(MIN_MEMORY_MIB, MAX_MEMORY_MIB);
export const diskMib = integer(MIN_DISK_MIB, MAX_DISK_MIB);

/**
 * What the whole VM may take from the host, by a cgroup (version 2) of its own; none by default. They need a cgroup that this user may make
 * children of: root's, or one that systemd delegated. Where there is none, a box with limits does not start.
 */
export const limits = fields({
  /** MiB that guest, libkrun and the host's cache for them take together; at least 64 above the box's `memoryMib`. */
  memoryMib: v.optional(integer(1, 2 * MAX_MEMORY_MIB)),
  /** CPUs' worth of time, such as 1.5; at least 0.01. The guest still sees `vcpus`. */
  cpus: v.optional(v.pipe(v.number(), v.minValue(MIN_CPUS), v.maxValue(100_000))),
  /** Threads of the VM process on the host; at least 32 more than `vcpus`. */
  threads: v.optional(integer(1, 2 ** 22)),
});

type Limited = { readonly vcpus: number; readonly memoryMib: number; readonly limits: v.InferOutput<typeof limits> };

/** Whether a VM of this size can run within its limit of memory. */
export function hasRoom({ memoryMib, limits }: Limited): boolean {
  return limits.memoryMib === undefined || limits.memoryMib >= memoryMib + MIN_VM_OVERHEAD_MIB;
}

/** Whether a VM with these vCPUs can run within its limit of threads. */
export function hasThreads({ vcpus, limits }: Limited): boolean {
  return limits.threads === undefined || limits.threads >= vcpus + MIN_VM_THREADS;
}
