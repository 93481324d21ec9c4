import { once } from "node:events";
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { Socket } from "node:net";
import { unlessMissing } from "../files/unless-missing.ts";
import { makeFifo, tryFlock } from "./flock.ts";
import { Turns } from "./turns.ts";

/** The tasks of this process queue here, so that only the first of them waits for other processes. */
const turns = new Turns();

/**
 * Runs a task with the exclusive lock of a path, across processes, for as long as it takes. The lock ends with the task or with the
 * process. The task may remove the path: whoever waited makes a new one.
 *
 * The path is a FIFO. Its holder has it open for writing and holds flock(2) on it (which Linux allows, other systems do not); who
 * waits has it open for reading only, and the kernel tells it that the last writer is gone: no thread and no timer waits.
 */
export function withFileLock<T>(path: string, signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
  return turns.take(path, signal, async () => {
    await using _lock = await takeLock(path, signal);
    return await task();
  });
}

/** The lock of a path if nobody has it; closing the file gives it back. */
export async function tryFileLock(path: string): Promise<FileHandle | undefined> {
  const { file, locked } = await attempt(path);
  if (locked) return file;
  await file.close();
  return undefined;
}

/** Whether somebody holds the lock of a path, or is trying to. It takes nothing, makes nothing and disturbs nobody. */
export async function isFileLocked(path: string): Promise<boolean> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  await using file = await unlessMissing(open(path, flags));
  if (file === undefined || !(await file.stat()).isFIFO()) return false;
  try {
    // 0 bytes: nobody has it open for writing, as its holder has.
    return readSync(file.fd, Buffer.alloc(1)) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return true;
    throw error;
  }
}

async function takeLock(path: string, signal: AbortSignal | undefined): Promise<FileHandle> {
  for (;;) {
    signal?.throwIfAborted();
    const { file, locked } = await attempt(path);
    if (locked) return file;
    const fd = await openReader(path, file);
    if (fd !== undefined) await writersGone(fd, signal);
  }
}

/** Opens the FIFO for writing and tries to lock it. */
async function attempt(path: string): Promise<{ readonly file: FileHandle; readonly locked: boolean }> {
  for (;;) {
    const file = await openFifo(path);
    try {
      const locked = tryFlock(file);
      // The holder before may have removed the path; then another process may lock a new one.
      if (!locked || (await isAt(path, file))) return { file, locked };
    } catch (error) {
      await file.close();
      throw error;
    }
    await file.close();
  }
}

async function openFifo(path: string): Promise<FileHandle> {
  for (;;) {
    makeFifo(path);
    // For reading as well: opened for writing alone, a FIFO without a reader is an error.
    const file = await unlessMissing(open(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW));
    if (file === undefined) continue;
    if ((await file.stat()).isFIFO()) return file;
    await file.close();
    throw Object.assign(new Error(`EEXIST: ${path} is no FIFO`), { code: "EEXIST", syscall: "mkfifo" });
  }
}

/**
 * Opens the FIFO for reading before it is closed for writing: Linux reports the end only to a reader that there was a writer with.
 * `undefined` when the path is gone or another FIFO by now.
 */
async function openReader(path: string, writer: FileHandle): Promise<number | undefined> {
  await using _writer = writer;
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  if (isSame(fstatSync(fd, { bigint: true }), fstatSync(writer.fd, { bigint: true }))) return fd;
  closeSync(fd);
  return undefined;
}

async function writersGone(fd: number, signal: AbortSignal | undefined): Promise<void> {
  // It starts to read when it is made, so nothing may be waited for before the listeners are there.
  const reader = new Socket({ fd, readable: true, writable: false });
  const closed = once(reader, "close");
  try {
    await once(reader.resume(), "end", signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    reader.destroy();
    await closed;
  }
}

async function isAt(path: string, file: FileHandle): Promise<boolean> {
  const found = await unlessMissing(stat(path, { bigint: true }));
  return found !== undefined && isSame(found, await file.stat({ bigint: true }));
}

function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}
