import { closeSync, constants, fchmodSync, fstatSync, lstatSync, openSync, readdirSync, type Stats } from "node:fs";
import { basename, dirname } from "node:path";
import { type ByteString, byteString, readable } from "../bytes/byte-string.ts";
import { RootfsError } from "../errors/rootfs-error.ts";
import { openDirectoryAt, renameAt } from "../posix/at.ts";
import { errnoCode } from "../posix/errno.ts";
import { FILE_COST_BYTES, type Pace, startPace } from "../root/pace.ts";

/** Who moves a directory to another parent needs to write to it; and to enter it, to look into it. */
const OWNER_MODE = 0o700;

/**
 * Moves a file or tree to where it is to be. What is there is replaced: files and links by files and links, each at once, while
 * directories are merged and keep their own modes. A directory is never replaced by something else, nor something else by a
 * directory. Below the two paths no link is followed, so that neither tree can lead the other astray.
 *
 * @param source goes away; when it fails, what was not moved is still there.
 * @param target in the same file system. Its parent exists.
 * @throws RootfsError `TARGET_OBSTRUCTED`; system errors; the signal's reason.
 */
export async function placeTree(source: string, target: string, signal?: AbortSignal): Promise<void> {
  const from = openParent(source);
  try {
    const to = openParent(target);
    try {
      await place(
        { directory: from, name: lastName(source) },
        { directory: to, name: lastName(target) },
        startPace(signal),
      );
    } finally {
      closeSync(to);
    }
  } finally {
    closeSync(from);
  }
}

interface Named {
  readonly directory: number;
  readonly name: ByteString;
}

async function place(from: Named, to: Named, pace: Pace): Promise<void> {
  await pace(FILE_COST_BYTES);
  const source = look(from);
  const target = lookIfThere(to);
  if (source.isDirectory() && target !== undefined) {
    if (!target.isDirectory()) throw obstructed(to, "something that is no directory is where a directory is to be");
    await merge(from, to, pace);
  } else if (source.isDirectory()) moveDirectory(from, to);
  else {
    if (target?.isDirectory()) throw obstructed(to, "a directory is where something else is to be");
    renameAt(from.directory, from.name, to.directory, to.name);
  }
}

async function merge(from: Named, to: Named, pace: Pace): Promise<void> {
  const source = openDirectoryAt(from.directory, from.name);
  try {
    // It is ours, and removed afterwards.
    fchmodSync(source, OWNER_MODE);
    const target = openDirectoryAt(to.directory, to.name);
    try {
      // latin1 gives names as the bytes they are.
      for (const name of readdirSync(`/proc/self/fd/${source}`, "latin1")) {
        await place({ directory: source, name }, { directory: target, name }, pace);
      }
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

function moveDirectory(from: Named, to: Named): void {
  const descriptor = openDirectoryAt(from.directory, from.name);
  try {
    const mode = fstatSync(descriptor).mode & 0o7777;
    fchmodSync(descriptor, mode | OWNER_MODE);
    renameAt(from.directory, from.name, to.directory, to.name);
    fchmodSync(descriptor, mode);
  } finally {
    closeSync(descriptor);
  }
}

function look({ directory, name }: Named): Stats {
  return lstatSync(Buffer.from(`/proc/self/fd/${directory}/${name}`, "latin1"));
}

function lookIfThere(file: Named): Stats | undefined {
  try {
    return look(file);
  } catch (error) {
    if (errnoCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function openParent(path: string): number {
  return openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
}

function lastName(path: string): ByteString {
  return byteString(Buffer.from(basename(path)));
}

function obstructed({ name }: Named, what: string): RootfsError {
  return new RootfsError({
    code: "TARGET_OBSTRUCTED",
    message: `${JSON.stringify(readable(name))}: ${what}`,
    hint: "Remove what is there first, or choose another place.",
  });
}
