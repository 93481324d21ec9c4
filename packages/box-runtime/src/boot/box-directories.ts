import { constants } from "node:fs";
import { chmod, type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { type BoxId, type HomeLayout, tryFlock, unlessMissing } from "@a3s/core";

/** Where a VM has its sockets and leaves its traces. */
export interface VmPaths {
  readonly doorbellSocket: string;
  readonly agentSocket: string;
  /** The log's files are named after it. */
  readonly log: string;
  readonly exitRecord: string;
  /** Where the image of the disk with this index belongs. */
  disk(index: number): string;
}

/** Where one box keeps its files while it lives; disposing removes them all. */
export interface BoxDirectories extends VmPaths, AsyncDisposable {}

/** `run/<id>` holds the sockets, `boxes/<id>` the rest. */
export function vmPaths(home: HomeLayout, id: BoxId): VmPaths {
  const run = join(home.run, id);
  const box = join(home.boxes, id);
  return {
    doorbellSocket: join(run, "boot.sock"),
    agentSocket: join(run, "agent.sock"),
    log: join(box, "log"),
    exitRecord: join(box, "exit.json"),
    disk: (index) => join(box, `disk${index}.ext4`),
  };
}

/** Only the owner may enter: whoever reaches the sockets commands the box. */
export async function makePrivate(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
}

/**
 * Makes the directories of a box that ends with this process. Its `creator.lock` is locked meanwhile, which tells it from the boxes that
 * stay and from what a dead process left.
 */
export async function createBoxDirectories(home: HomeLayout, id: BoxId): Promise<BoxDirectories> {
  const run = join(home.run, id);
  const box = join(home.boxes, id);
  let lock: FileHandle | undefined;
  const remove = async () => {
    await using _lock = lock;
    await rm(run, { recursive: true, force: true });
    await rm(box, { recursive: true, force: true });
  };
  try {
    lock = await lockThrowAway(box);
    await makePrivate(run);
  } catch (error) {
    await remove();
    throw error;
  }
  return { ...vmPaths(home, id), [Symbol.asyncDispose]: remove };
}

async function lockThrowAway(box: string): Promise<FileHandle> {
  for (;;) {
    await makePrivate(box);
    // Whoever sweeps may take it for a dead one's until it is locked.
    const file = await unlessMissing(open(creatorLock(box), "a", 0o600));
    if (file === undefined) continue;
    if (tryFlock(file) && (await file.stat()).nlink > 0) return file;
    await file.close();
  }
}

/**
 * What the directory of a box without a record is: one of a living process, or what a dead one left, which disposing of the answer lets
 * go; undefined for one that no process has said to be its own.
 */
export async function throwAwayOf(box: string): Promise<"living" | FileHandle | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await unlessMissing(open(creatorLock(box), flags));
  if (file === undefined) return undefined;
  if (tryFlock(file)) return file;
  await file.close();
  return "living";
}

function creatorLock(box: string): string {
  return join(box, "creator.lock");
}
