import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import { raceSignal } from "@a3s/core";
import koffi, { type KoffiFunc } from "koffi";
import { Turns } from "./turns.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;

type Flock = KoffiFunc<(fd: number, operation: number) => number>;

let bound: Flock | undefined;

/** Bound at first use, so that what needs no lock loads no native code. */
function flock(): Flock {
  bound ??= koffi.load(null).func("int flock(int fd, int operation)");
  return bound;
}

/** Takes flock(2) on an open file if nobody has it. Closing the file gives it back, and so does the end of the process. */
export function tryLockFile(file: FileHandle): boolean {
  return flock()(file.fd, LOCK_EX | LOCK_NB) === 0;
}

const TURNS_KEY = Symbol.for("a3s.oci.file-lock-turns");
const shared = globalThis as { [TURNS_KEY]?: Turns };

/**
 * Runs a task with the exclusive lock of a file (made when missing), across processes. Meant for tasks of milliseconds.
 *
 * A wait for another process takes a thread of libuv's pool, which file operations need as well. So the tasks of this process,
 * whichever copy of the package they come from, queue in front of it: only one waits in a thread, and never for this process itself.
 */
export function withFileLock<T>(path: string, signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
  shared[TURNS_KEY] ??= new Turns();
  return shared[TURNS_KEY].take(path, signal, async () => {
    await using _lock = await lockFile(path, signal);
    return await task();
  });
}

async function lockFile(path: string, signal: AbortSignal | undefined): Promise<AsyncDisposable> {
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
