import { join } from "node:path";
import type { HomeLayout } from "@a3s/core";
import { appendEvent } from "./append-event.ts";
import type { BoxEvent } from "./history-entry.ts";
import { type HistoryEntry, type HistoryOptions, readHistory } from "./read-history.ts";

/** Where an event cannot be written, and nobody has to know: no room, or the home is gone. */
const NO_PLACE = /^(ENOSPC|EDQUOT|ENOENT|EROFS)$/;

/** A process that was stopped, by Ctrl-Z say, may hold the history's lock for ever. Nothing but the event waits for it. */
const LOCK_MS = 5000;

/** What happened to the boxes of a home, whichever process did it: at most 4 MiB of it. Constructing it touches nothing. */
export class History {
  readonly #directory: string;

  constructor(home: HomeLayout) {
    this.#directory = join(home.boxes, ".history");
  }

  /** Never fails what it tells of: an event that cannot be written is lost. */
  async append(event: BoxEvent): Promise<void> {
    try {
      await appendEvent(this.#directory, event, undefined, AbortSignal.timeout(LOCK_MS));
    } catch (error) {
      if (!NO_PLACE.test(String((error as NodeJS.ErrnoException).code))) {
        process.emitWarning(`An event of a box could not be written: ${(error as Error).message}`, "BoxHistoryWarning");
      }
    }
  }

  /** @throws RuntimeError `CURSOR_INVALID`, `HISTORY_UNREADABLE`; the signal's reason. */
  read(options?: HistoryOptions): AsyncGenerator<HistoryEntry, void, undefined> {
    return readHistory(this.#directory, options);
  }
}
