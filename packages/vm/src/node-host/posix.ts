import koffi from "koffi";

const libc = koffi.load(null);

/** fcntl.h: the same on x86-64 and AArch64. */
const O_CLOEXEC = 0o2000000;
/** prctl.h. */
const PR_SET_PDEATHSIG = 1;
const PR_SET_NO_NEW_PRIVS = 38;
/** linux/seccomp.h. */
const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_FILTER_FLAG_TSYNC = 1;
/** The system calls that the C library has no function for have one number on every architecture: asm-generic/unistd.h. */
const SYS_OPEN_TREE = 428;
const SYS_MOVE_MOUNT = 429;
const SYS_MOUNT_SETATTR = 442;
/** fcntl.h and mount.h. */
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const OPEN_TREE_CLONE = 1;
const MOVE_MOUNT_F_EMPTY_PATH = 4;

/** struct sock_fprog: so many instructions, and where they are. */
const program = koffi.struct({ length: "uint16_t", instructions: "const uint8_t *" });

const calls = {
  pipe2: libc.func("int pipe2(_Out_ int *fds, int flags)"),
  prctl: libc.func("int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)"),
  getrlimit: libc.func("int getrlimit(int resource, _Out_ uint64_t *limit)"),
  setrlimit: libc.func("int setrlimit(int resource, const uint64_t *limit)"),
  mount: libc.func(
    "int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)",
  ),
  umount2: libc.func("int umount2(const char *target, int flags)"),
  pivotRoot: libc.func("int pivot_root(const char *root, const char *old)"),
  chroot: libc.func("int chroot(const char *root)"),
  openTree: libc.func("syscall", "long", ["long", "int", "const char *", "unsigned int"]),
  moveMount: libc.func("syscall", "long", ["long", "int", "const char *", "int", "const char *", "unsigned int"]),
  mountSetattr: libc.func("syscall", "long", [
    "long",
    "int",
    "const char *",
    "unsigned int",
    "const uint64_t *",
    "size_t",
  ]),
  seccomp: libc.func("syscall", "long", ["long", "unsigned int", "unsigned int", koffi.pointer(program)]),
  signal: libc.func("void *signal(int signal, void *handler)"),
  clearenv: libc.func("int clearenv()"),
  strerror: libc.func("const char *strerror(int number)"),
};

/** Linux limits that have a number everywhere: asm-generic/resource.h. */
export const RLIMIT = { CORE: 4, NPROC: 6, NOFILE: 7 } as const;
/** mount.h. */
export const MS = { NOSUID: 2, NODEV: 4, NOEXEC: 8, BIND: 4096, REC: 16384 } as const;
export const MOUNT_ATTR = { RDONLY: 1n, NOSUID: 2n, NODEV: 4n } as const;

/** In the words of the C library. */
export function describeErrno(errno: number): string {
  return `${calls.strerror(errno)} (os error ${errno})`;
}

/** Read end, write end; both close on exec. */
export function pipe(): { readonly readEnd: number; readonly writeEnd: number } {
  const fds = [-1, -1];
  check("pipe2", calls.pipe2(fds, O_CLOEXEC));
  return { readEnd: fds[0] as number, writeEnd: fds[1] as number };
}

/** The kernel kills this process when the thread that started it ends. */
export function dieWithParent(): void {
  check("prctl", calls.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0));
}

/** For this thread, and whatever process it starts from now on. */
export function forbidNewPrivileges(): void {
  check("prctl", calls.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/**
 * Has the kernel judge the system calls of every thread of this process, for good.
 * @param number of seccomp(2); @param instructions each of 8 bytes
 */
export function filterSystemCalls(number: number, instructions: Buffer): void {
  const filter = { length: instructions.length / 8, instructions };
  const answer = Number(calls.seccomp(number, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, filter));
  check("seccomp", answer);
  if (answer > 0) throw new Error(`seccomp: thread ${answer} has a filter of its own`);
}

/** Sets both limits to `most`, or to what is allowed if that is less. */
export function setLimit(resource: number, most: bigint): void {
  const [, hard] = readLimit(resource);
  const value = hard < most ? hard : most;
  check("setrlimit", calls.setrlimit(resource, [value, value]));
}

function readLimit(resource: number): readonly [soft: bigint, hard: bigint] {
  const limit = [0n, 0n];
  check("getrlimit", calls.getrlimit(resource, limit));
  return [BigInt(limit[0] as bigint), BigInt(limit[1] as bigint)];
}

/** The hard limit of open files becomes the soft one, too. */
export function raiseLimit(resource: number): void {
  setLimit(resource, readLimit(resource)[1]);
}

export function mount(source: string, target: string, type: string | null, flags: number, data: string | null): void {
  check("mount", calls.mount(source, target, type, flags, data));
}

/** A copy of the mounts from a path down, which lies nowhere yet: a descriptor. */
export function copyTree(path: string): number {
  const flags = (OPEN_TREE_CLONE | O_CLOEXEC | AT_RECURSIVE) >>> 0;
  return check("open_tree", Number(calls.openTree(SYS_OPEN_TREE, AT_FDCWD, path, flags)));
}

export function moveMount(tree: number, place: string): void {
  check("move_mount", Number(calls.moveMount(SYS_MOVE_MOUNT, tree, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH)));
}

/** mount_setattr(2) adds flags and keeps the others. `recursive`: also those of mounts below. */
export function restrict(mounted: number, attributes: bigint, recursive: boolean): void {
  const flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  // struct mount_attr: attr_set, attr_clr, propagation, userns_fd.
  const attr = [attributes, 0n, 0n, 0n];
  check("mount_setattr", Number(calls.mountSetattr(SYS_MOUNT_SETATTR, mounted, "", flags, attr, 8 * attr.length)));
}

/** pivot_root(2), NOTES: with both arguments the working directory, the old root ends up over the new one, and is taken off. */
export function exchangeRoot(): void {
  const MNT_DETACH = 2;
  check("pivot_root", calls.pivotRoot(".", "."));
  check("umount2", calls.umount2(".", MNT_DETACH));
}

export function chroot(path: string): void {
  check("chroot", calls.chroot(path));
}

/** What Node.js handles otherwise, for WebAssembly, ends the process again. */
export function defaultAction(signal: number): void {
  calls.signal(signal, null);
}

export function clearEnvironment(): void {
  check("clearenv", calls.clearenv());
}

/** As Node.js words a failed system call. */
function check(syscall: string, result: number): number {
  if (result >= 0) return result;
  const errno = koffi.errno();
  throw Object.assign(new Error(`${syscall}: ${describeErrno(errno)}`), { errno: -errno, syscall });
}
