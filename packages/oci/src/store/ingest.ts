import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncDirectory } from "@a3s/core";
import { tryLockFile } from "./file-lock.ts";

/** Bytes gathered before a write: network chunks are small. */
const WRITE_BYTES = 1024 * 1024;
/** Linux takes at most 1024 parts in one writev(2). */
const WRITE_PARTS = 512;

/**
 * Writes content to a temporary file, fsyncs it and renames it to `target`. When the content ends in an error the file is removed.
 * The content must be verified by the iteration itself.
 */
export async function ingest(
  directory: string,
  target: string,
  content: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const { file, path } = await openIngestFile(directory);
  await using _file = file;
  try {
    await writeGathered(file, content, signal);
    await file.chmod(0o444);
    await file.sync();
    signal?.throwIfAborted();
    await rename(path, target);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  await syncDirectory(dirname(target));
}

/** Removes what processes that died have left. A file in use is locked by its writer. */
export async function sweepIngest(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    try {
      await using file = await open(path, "r");
      if (tryLockFile(file)) await rm(path, { force: true });
    } catch (error) {
      // Another process finished or swept it first.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

/** A new file that this process has locked. A sweeper may come between creating and locking; then the name is gone again. */
async function openIngestFile(directory: string): Promise<{ readonly file: FileHandle; readonly path: string }> {
  for (;;) {
    const path = join(directory, randomBytes(12).toString("hex"));
    const file = await open(path, "wx", 0o600);
    if (tryLockFile(file) && (await file.stat()).nlink === 1) return { file, path };
    await file.close();
  }
}

async function writeGathered(
  file: FileHandle,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  let gathered: Uint8Array[] = [];
  let length = 0;
  const flush = async () => {
    if (length > 0) await writeAll(file, gathered);
    gathered = [];
    length = 0;
  };
  for await (const chunk of content) {
    signal?.throwIfAborted();
    gathered.push(chunk);
    length += chunk.length;
    if (length >= WRITE_BYTES || gathered.length >= WRITE_PARTS) await flush();
  }
  await flush();
}

/** Writes the parts in order; the kernel may take less than it is given. */
async function writeAll(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  let rest = parts;
  while (rest.length > 0) {
    let { bytesWritten } = await file.writev(rest);
    const next: Uint8Array[] = [];
    for (const part of rest) {
      if (bytesWritten < part.length) next.push(part.subarray(bytesWritten));
      bytesWritten = Math.max(0, bytesWritten - part.length);
    }
    rest = next;
  }
}
