import { watch } from "node:fs";
import { unlessMissing } from "@a3s/core";
import { Bell } from "./bell.ts";

/** Changes in a directory, as the kernel tells of them, until it is disposed. */
export interface Changes extends Disposable {
  /** Rings with each, also when it is not known what has changed: who waits looks for itself. */
  readonly bell: Bell;
}

/** Undefined for a directory that is not there. Without `name`, all that comes and goes in it counts. */
export async function watchDirectory(directory: string, name?: string): Promise<Changes | undefined> {
  const bell = new Bell();
  const watcher = await unlessMissing((async () => watch(directory))());
  watcher?.on("change", (_, changed) => {
    if (name === undefined || changed === null || changed === name) bell.ring();
  });
  // A directory that is gone.
  watcher?.on("error", () => bell.ring());
  return watcher && { bell, [Symbol.dispose]: () => watcher.close() };
}
