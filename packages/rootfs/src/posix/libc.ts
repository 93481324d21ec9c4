import { createRequire } from "node:module";
import type koffi from "koffi";
import { RootfsError } from "../errors/rootfs-error.ts";

/**
 * The calls that Node lacks: everything relative to a directory descriptor, device nodes, extended attributes, syncfs.
 * Names are buffers that end in NUL, so that no encoding touches them. Each returns -1 on failure.
 */
export interface Libc {
  openat(directory: number, name: Buffer, flags: number, mode: number): number;
  mkdirat(directory: number, name: Buffer, mode: number): number;
  renameat(fromDirectory: number, from: Buffer, toDirectory: number, to: Buffer): number;
  symlinkat(target: Buffer, directory: number, name: Buffer): number;
  linkat(fromDirectory: number, from: Buffer, toDirectory: number, to: Buffer, flags: number): number;
  mknodat(directory: number, name: Buffer, mode: number, device: number): number;
  unlinkat(directory: number, name: Buffer, flags: number): number;
  fchownat(directory: number, name: Buffer, uid: number, gid: number, flags: number): number;
  fchmodat(directory: number, name: Buffer, mode: number, flags: number): number;
  /** `times` is two struct timespec: access, then modification. */
  utimensat(directory: number, name: Buffer, times: BigInt64Array, flags: number): number;
  futimens(file: number, times: BigInt64Array): number;
  fsetxattr(file: number, name: Buffer, value: Uint8Array, size: number, flags: number): number;
  lsetxattr(path: Buffer, name: Buffer, value: Uint8Array, size: number, flags: number): number;
  /** Answers bytes: of names, each of which ends in NUL. */
  llistxattr(path: Buffer, list: Buffer, size: number): number;
  lgetxattr(path: Buffer, name: Buffer, value: Buffer, size: number): number;
  /** For requests whose argument is a number. */
  ioctl(file: number, request: number, argument: number): number;
  /** Off the main thread: it waits for the disk. */
  syncfs(file: number): Promise<number>;
  errno(): number;
}

let loaded: Libc | undefined;

/** @throws RootfsError `HOST_UNSUPPORTED` on anything but 64-bit Linux. */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  if (process.platform !== "linux" || (process.arch !== "x64" && process.arch !== "arm64")) {
    throw new RootfsError({
      code: "HOST_UNSUPPORTED",
      message: `Layers cannot be applied on ${process.platform} ${process.arch}`,
      hint: "Use Linux on x64 or arm64.",
    });
  }
  // Loaded here, not with the package: it takes some 20 ms, and most that imports this writes no layer.
  const { load: open, errno } = createRequire(import.meta.url)("koffi") as typeof koffi;
  // The process itself: whatever libc Node is linked with, glibc or musl.
  const lib = open(null);
  const syncfs = lib.func("int syncfs(int)");
  return {
    openat: lib.func("int openat(int, void *, int, uint)"),
    mkdirat: lib.func("int mkdirat(int, void *, uint)"),
    renameat: lib.func("int renameat(int, void *, int, void *)"),
    symlinkat: lib.func("int symlinkat(void *, int, void *)"),
    linkat: lib.func("int linkat(int, void *, int, void *, int)"),
    mknodat: lib.func("int mknodat(int, void *, uint, uint64)"),
    unlinkat: lib.func("int unlinkat(int, void *, int)"),
    fchownat: lib.func("int fchownat(int, void *, uint, uint, int)"),
    fchmodat: lib.func("int fchmodat(int, void *, uint, int)"),
    utimensat: lib.func("int utimensat(int, void *, void *, int)"),
    futimens: lib.func("int futimens(int, void *)"),
    fsetxattr: lib.func("int fsetxattr(int, void *, void *, size_t, int)"),
    lsetxattr: lib.func("int lsetxattr(void *, void *, void *, size_t, int)"),
    llistxattr: lib.func("int64 llistxattr(void *, void *, size_t)"),
    lgetxattr: lib.func("int64 lgetxattr(void *, void *, void *, size_t)"),
    ioctl: lib.func("int ioctl(int, ulong, int)"),
    syncfs: (file) =>
      new Promise((resolve, reject) => {
        syncfs.async(file, (error: unknown, result: number) => (error ? reject(error) : resolve(result)));
      }),
    errno: () => errno(),
  };
}
