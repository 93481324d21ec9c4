import { closeSync, constants, openSync, readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { type ByteString, byteString } from "../bytes/byte-string.ts";
import { chmodAt, openDirectoryAt, removeDirectoryAt, unlinkAt } from "../posix/at.ts";
import { errnoCode } from "../posix/errno.ts";

const FILES_PER_TURN = 1000;

/**
 * Removes a directory and all below it, which may hold anything an image brought: directories that shut their owner out, and paths
 * longer than a system call takes. No symbolic link is followed. A directory that does not exist is fine.
 */
export async function removeTree(path: string): Promise<void> {
  const parent = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await removeDirectory(parent, byteString(Buffer.from(basename(path))), { files: 0 });
  } catch (error) {
    if (errnoCode(error) !== "ENOENT") throw error;
  } finally {
    closeSync(parent);
  }
}

async function removeDirectory(parent: number, name: ByteString, progress: { files: number }): Promise<void> {
  const descriptor = openOwn(parent, name);
  try {
    // latin1 gives names as the bytes they are.
    const entries = readdirSync(`/proc/self/fd/${descriptor}`, { withFileTypes: true, encoding: "latin1" });
    for (const entry of entries) {
      if (entry.isDirectory()) await removeDirectory(descriptor, entry.name, progress);
      else unlinkAt(descriptor, entry.name);
      progress.files++;
      if (progress.files % FILES_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    closeSync(descriptor);
  }
  removeDirectoryAt(parent, name);
}

/** Opens a directory for emptying it, whatever its mode. */
function openOwn(parent: number, name: ByteString): number {
  if (process.geteuid?.() !== 0) chmodIgnoringAbsence(parent, name);
  return openDirectoryAt(parent, name);
}

function chmodIgnoringAbsence(parent: number, name: ByteString): void {
  try {
    chmodAt(parent, name, 0o700);
  } catch (error) {
    if (errnoCode(error) !== "ENOENT") throw error;
  }
}
