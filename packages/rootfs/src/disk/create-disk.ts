import { type ChildProcess, execFile } from "node:child_process";
import { once } from "node:events";
import { open, rm } from "node:fs/promises";
import { promisify } from "node:util";
import { RootfsError } from "../errors/rootfs-error.ts";

/** Options of {@link createDisk}. */
export interface DiskOptions {
  /** Absolute path of the image, which must not exist. */
  readonly path: string;
  /** Size of the file system, 16 up. */
  readonly sizeMib: number;
  /** The program that makes it; by default mke2fs in `PATH` or where systems keep it for root. */
  readonly mke2fs?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Debian keeps it where only root's PATH leads. */
const SYSTEM_DIRECTORIES = ["/usr/local/sbin", "/usr/sbin", "/sbin"];
/** What ext4 is since Linux 4.4, spelled out: what a machine's mke2fs.conf adds may be more than the guest's kernel can mount. */
const FEATURES = [
  ...["has_journal", "ext_attr", "dir_index", "filetype", "extent", "64bit", "flex_bg", "sparse_super"],
  ...["large_file", "huge_file", "dir_nlink", "extra_isize", "metadata_csum"],
];
/** Whatever is not written is a hole, and a hole reads as zeros, so neither inode tables nor the journal need writing. */
const EXTENDED = ["lazy_itable_init=1", "lazy_journal_init=1", "nodiscard", "root_owner=0:0"];
/** Without a word, on a file, in blocks and inodes of the usual size, and nothing reserved for root. */
const OPTIONS = "-q -F -b 4096 -I 256 -m 0".split(" ");
const MIB = 1024 * 1024;

/**
 * Makes a new file (0600) that holds an empty ext4 file system. It is sparse: 1 GiB takes 152 KiB until a guest writes to it. Needs no
 * privilege. Nothing is left of one that fails or is aborted.
 *
 * @throws RootfsError `DISK_TOOL_MISSING` without mke2fs, `DISK_FAILED`; the signal's reason when aborted.
 */
export async function createDisk({ path, sizeMib, mke2fs = "mke2fs", signal }: DiskOptions): Promise<void> {
  signal?.throwIfAborted();
  const file = await open(path, "wx", 0o600).catch((cause: unknown) => {
    throw diskFailed(path, "it cannot be created", cause);
  });
  try {
    await file.truncate(sizeMib * MIB);
    await makeFileSystem(mke2fs, path, signal);
  } catch (error) {
    await rm(path, { force: true });
    signal?.throwIfAborted();
    throw error instanceof RootfsError ? error : diskFailed(path, "it cannot be made that large", error);
  } finally {
    await file.close();
  }
}

async function makeFileSystem(mke2fs: string, path: string, signal: AbortSignal | undefined): Promise<void> {
  const options = [...OPTIONS, "-O", ["none", ...FEATURES].join(), "-E", EXTENDED.join()];
  const directories = [process.env["PATH"], ...SYSTEM_DIRECTORIES].filter((directory) => directory);
  const env = { PATH: directories.join(":"), LC_ALL: "C", MKE2FS_CONFIG: "/dev/null" };
  const running = promisify(execFile)(mke2fs, [...options, path], { env, signal });
  try {
    await running;
  } catch (cause) {
    await end(running.child);
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") throw toolMissing(cause);
    throw diskFailed(path, "mke2fs failed", cause);
  }
}

/** An abort asks the program to end, and rejects before it has. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

function toolMissing(cause: unknown): RootfsError {
  return new RootfsError({
    code: "DISK_TOOL_MISSING",
    message: "A disk needs mke2fs, which is not installed",
    hint: "Install e2fsprogs, or leave the writable layer in the box's memory.",
    cause,
  });
}

function diskFailed(path: string, what: string, cause: unknown): RootfsError {
  const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim().slice(-1000) : "";
  return new RootfsError({
    code: "DISK_FAILED",
    message: `The disk ${path} was not made: ${what}${said === "" ? "" : `: ${said}`}`,
    hint: "Look at the size that is asked for, and at the file system that holds the disk.",
    cause,
    details: { path },
  });
}
