import { type FSWatcher, watch } from "node:fs";
import { raceSignal } from "../time/deadline.ts";

/**
 * Tells when a file, or something in a directory, changes (inotify(7)), however often it does: changes that nobody waited for are one. Of a
 * directory, `name` leaves out what does not concern that entry.
 */
export class FileChanges implements Disposable {
  readonly #watcher: FSWatcher;
  #changed: PromiseWithResolvers<void> = Promise.withResolvers();

  /** @throws the system's error, as of a path that is not there */
  constructor(path: string, name?: string) {
    this.#watcher = watch(path, (_, changed) => {
      // What has changed is not always known.
      if (name === undefined || changed === null || changed === name) this.#changed.resolve();
    });
    this.#watcher.on("error", (error) => this.#changed.reject(error));
    this.#changed.promise.catch(() => {});
  }

  /** Waits for a change since the last one that was taken, or since it is watched. */
  async next(signal: AbortSignal): Promise<void> {
    await raceSignal(this.#changed.promise, signal);
    this.#changed = Promise.withResolvers();
    this.#changed.promise.catch(() => {});
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }
}
