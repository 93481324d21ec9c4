import koffi from "koffi";

/** What Node.js has no calls for. Each answers with 0, or fails with the error number. */
const library = koffi.load(null);
const calls = {
  pipe2: library.func("int pipe2(void *fds, int flags)"),
  prctl: library.func("int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)"),
  getrlimit: library.func("int getrlimit(int resource, void *limits)"),
  setrlimit: library.func("int setrlimit(int resource, void *limits)"),
  unshare: library.func("int unshare(int flags)"),
  mount: library.func(
    "int mount(const char *source, const char *target, const char *type, unsigned long flags, void *data)",
  ),
  mountSetattr: library.func("syscall", "long", ["long", "long", "const char *", "long", "void *", "long"]),
};

/** fcntl.h; linux/prctl.h; sys/resource.h; sched.h; sys/mount.h; linux/mount.h. */
const O_CLOEXEC = 0o2000000;
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;
const RLIMIT_CORE = 4;
const RLIMIT_NOFILE = 7;
const CLONE_NEWNS = 0x20000;
const MS_BIND = 0x1000;
const MS_REC = 0x4000;
const MS_PRIVATE = 0x40000;
/** The same on every architecture: asm-generic/unistd.h. */
const SYS_MOUNT_SETATTR = 442;
const AT_FDCWD = -100;
const AT_RECURSIVE = 0x8000;
const MOUNT_ATTR_RDONLY = 1n;

/** The error number of the last call, when it failed. */
function failed(answer: number): number | undefined {
  return answer < 0 ? koffi.errno() : undefined;
}

/** A pipe whose ends no program inherits that was not given them. Undefined when there is none to be had. */
export function makePipe(): { readonly read: number; readonly write: number } | { readonly errno: number } {
  const fds = Buffer.alloc(8);
  const errno = failed(calls.pipe2(fds, O_CLOEXEC));
  return errno === undefined ? { read: fds.readInt32LE(0), write: fds.readInt32LE(4) } : { errno };
}

/** Asks the kernel to end this process when its parent ends, however that comes. */
export function dieWithParent(): number | undefined {
  return failed(calls.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
}

/** No core dump, and as many open files as allowed: virtio-fs holds one for each that the guest has looked at. */
export function setResourceLimits(): number | undefined {
  const limits = Buffer.alloc(16);
  const errno = failed(calls.setrlimit(RLIMIT_CORE, limits)) ?? failed(calls.getrlimit(RLIMIT_NOFILE, limits));
  if (errno !== undefined) return errno;
  limits.copyWithin(0, 8);
  return failed(calls.setrlimit(RLIMIT_NOFILE, limits));
}

/**
 * Gives this thread, and those that it starts from then on, mounts of their own, in which the directories are read-only in their own place.
 * Other threads keep theirs.
 */
export function protect(directories: readonly string[]): { readonly what: string; readonly errno: number } | undefined {
  const apart = failed(calls.unshare(CLONE_NEWNS)) ?? failed(calls.mount("none", "/", null, MS_REC | MS_PRIVATE, null));
  if (apart !== undefined) return { what: "mount-namespace", errno: apart };
  // struct mount_attr: what is set and what is cleared, and two that are not asked for.
  const attributes = Buffer.alloc(32);
  attributes.writeBigUInt64LE(MOUNT_ATTR_RDONLY, 0);
  for (const path of directories) {
    const errno =
      failed(calls.mount(path, path, null, MS_BIND | MS_REC, null)) ??
      failed(calls.mountSetattr(SYS_MOUNT_SETATTR, AT_FDCWD, path, AT_RECURSIVE, attributes, attributes.length));
    if (errno !== undefined) return { what: path, errno };
  }
  return undefined;
}
