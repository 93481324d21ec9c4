import { closeSync, readdirSync } from "node:fs";
import type { ByteString } from "../bytes/byte-string.ts";
import { openDirectoryAt } from "../posix/at.ts";
import { unlessRefused } from "../root/privileges.ts";

/** A file that a walk has come to. */
export interface WalkedFile {
  /** The open directory that it is in; valid until the walk goes on. */
  readonly directory: number;
  /** `.` for the root itself. */
  readonly name: ByteString;
  readonly path: ByteString;
}

/** What a walk does after a file. */
export type WalkStep = "enter" | "pass";

/**
 * Goes through a root in the order of its manifest, by descriptors of directories and without following a link. Answered with `enter`
 * after a directory, it goes on with what that holds; `unreadable` is told of directories that may not be read.
 */
export function* walkRoot(
  root: number,
  unreadable: (path: ByteString) => void,
): Generator<WalkedFile, void, WalkStep | undefined> {
  const step = yield { directory: root, name: ".", path: "" };
  if (step === "enter") yield* walkDirectory(root, "", unreadable);
}

function* walkDirectory(
  directory: number,
  path: ByteString,
  unreadable: (path: ByteString) => void,
): Generator<WalkedFile, void, WalkStep | undefined> {
  // latin1 gives names as the bytes they are.
  const names = readdirSync(`/proc/self/fd/${directory}`, "latin1").toSorted();
  for (const name of names) {
    const childPath = path === "" ? name : `${path}/${name}`;
    if ((yield { directory, name, path: childPath }) !== "enter") continue;
    const child = unlessRefused(() => openDirectoryAt(directory, name));
    if (child === undefined) unreadable(childPath);
    else {
      try {
        yield* walkDirectory(child, childPath, unreadable);
      } finally {
        closeSync(child);
      }
    }
  }
}
