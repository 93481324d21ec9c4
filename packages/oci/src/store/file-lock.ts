import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import { raceSignal } from "@a3s/core";
import koffi, { type KoffiFunc } from "koffi";

const LOCK_EX = 2;
const LOCK_NB = 4;

type Flock = KoffiFunc<(fd: number, operation: number) => number>;

let bound: Flock | undefined;

/** Bound at first use, so that what needs no lock loads no native code. */
function flock(): Flock {
  bound ??= koffi.load(null).func("int flock(int fd, int operation)");
  return bound;
}

/** A lock that is held; closing the file gives it back, and so does the end of the process. */
export type FileLock = AsyncDisposable;

/** Takes flock(2) on an open file if nobody has it. */
export function tryLockFile(file: FileHandle): boolean {
  return flock()(file.fd, LOCK_EX | LOCK_NB) === 0;
}

/**
 * Waits for the exclusive lock of a file, which is created when missing, across processes. Meant for sections of milliseconds:
 * a wait occupies a thread. Within one process queue in front of it, so that at most one thread waits for a file.
 */
export async function lockFile(path: string, signal?: AbortSignal): Promise<FileLock> {
  signal?.throwIfAborted();
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  if (tryLockFile(file)) return file;
  const waiting = (promisify(flock().async)(file.fd, LOCK_EX) as Promise<number>).then((result) => {
    if (result !== 0) throw new Error(`Cannot lock ${path}`);
    return file;
  });
  try {
    return await raceSignal(waiting, signal);
  } catch (error) {
    // The thread cannot be called back; the file is closed as soon as it returns.
    void waiting.catch(() => {}).finally(() => file.close());
    throw error;
  }
}
