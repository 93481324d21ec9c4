import { constants } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { withFileLock } from "@a3s/core";
import { type BoxEvent, formatEvent } from "./history-entry.ts";
import { historyFile, historyNumbers } from "./history-files.ts";

/** A file that has this many bytes is followed by a new one. */
const MAX_FILE_BYTES = 1024 * 1024;
/** Files that are kept; the oldest goes. */
const MAX_FILES = 4;

/** Bounds of a history, for tests to choose. */
export interface HistoryBounds {
  readonly fileBytes: number;
  readonly files: number;
}

/**
 * Writes an event behind the others, under the history's own lock, so that a file that is followed by another is complete. It is not
 * synced: losing power may lose the last events, and nothing depends on them.
 *
 * @throws the system's error; the signal's reason while the lock is waited for
 */
export async function appendEvent(
  directory: string,
  event: BoxEvent,
  { fileBytes, files }: HistoryBounds = { fileBytes: MAX_FILE_BYTES, files: MAX_FILES },
  signal?: AbortSignal,
): Promise<void> {
  await makeDirectory(directory);
  await withFileLock(join(directory, ".lock"), signal, async () => {
    const numbers = await historyNumbers(directory);
    const last = numbers.at(-1) ?? 1;
    if ((await write(historyFile(directory, last), event, fileBytes)) === "full") {
      await write(historyFile(directory, last + 1), event, Number.POSITIVE_INFINITY);
      for (const number of numbers.slice(0, Math.max(0, numbers.length + 1 - files))) {
        await rm(historyFile(directory, number), { force: true });
      }
    }
  });
}

async function write(path: string, event: BoxEvent, most: number): Promise<"written" | "full"> {
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  await using file = await open(path, flags, 0o600);
  const { size } = await file.stat();
  if (size >= most) return "full";
  // A write that was cut off, by a full disk, has left a line without its end.
  const { buffer } = await file.read(Buffer.alloc(1, "\n"), 0, 1, Math.max(0, size - 1));
  const line = Buffer.from(`${buffer[0] === 0x0a ? "" : "\n"}${formatEvent(event)}`);
  await file.write(line);
  return "written";
}

/** Not the directories above it: whoever removed the home has removed its boxes, and what happened to them. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
