import { lstat, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { tryFileLock, unlessMissing } from "@a3s/core";

/** Ends the name of a blob's lock. */
export const LOCK_SUFFIX = ".lock";

/** How long the part of a blob is kept for the next try: 7 days after its last byte. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** Removes parts that nobody went on with for 7 days, and the locks of processes that died. What is being written stays. */
export async function sweepIngest(directory: string, now: number = Date.now()): Promise<void> {
  await mkdir(directory, { recursive: true });
  const names = new Set(await readdir(directory));
  for (const name of names) {
    if (name.endsWith(LOCK_SUFFIX)) await removeIfFree(join(directory, name), undefined);
    else if (await isOlder(join(directory, name), now - KEPT_MS))
      await removeIfFree(`${join(directory, name)}${LOCK_SUFFIX}`, join(directory, name));
  }
}

async function removeIfFree(lockPath: string, path: string | undefined): Promise<void> {
  await using lock = await tryFileLock(lockPath);
  if (lock === undefined) return;
  if (path !== undefined) await rm(path, { recursive: true, force: true });
  await rm(lockPath, { force: true });
}

async function isOlder(path: string, time: number): Promise<boolean> {
  const found = await unlessMissing(lstat(path));
  return found !== undefined && found.mtimeMs < time;
}
