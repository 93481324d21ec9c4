import { constants } from "node:fs";
import { type FileHandle, mkdir, open, stat } from "node:fs/promises";
import { FileChanges, unlessMissing } from "@a3s/core";
import { RuntimeError } from "../errors/runtime-error.ts";
import { type BoxEvent, MAX_LINE_BYTES, parseEvent } from "./history-entry.ts";
import { historyFile, historyNumbers } from "./history-files.ts";
import { formatPlace, type HistoryPlace, parsePlace } from "./history-place.ts";

/** Which events, and whether to wait for more. */
export interface HistoryOptions {
  /** Goes on with what happens from now on, until the signal aborts or the reader leaves; false by default. */
  readonly follow?: boolean | undefined;
  /** Leaves out what happened before. With `follow` and without `since` and `after`, only what happens from now on is told. */
  readonly since?: Date | undefined;
  /** Leaves out what happened later; following ends then. */
  readonly until?: Date | undefined;
  /** The `cursor` of an entry: begins with the one after it. */
  readonly after?: string | undefined;
  /** Ends the reading with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Something is missing before the next entry. */
export interface HistoryFault {
  /** `history.gap`: older events are no longer kept. `history.damaged`: a line is no event, and was passed over. */
  readonly event: "history.gap" | "history.damaged";
  /** What is missing, in one sentence that names the file. */
  readonly reason: string;
}

/** What a reader of a history gets. `cursor` is the place behind it, for {@link HistoryOptions.after}. */
export type HistoryEntry = (BoxEvent | HistoryFault) & { readonly cursor: string };

const BLOCK_BYTES = 64 * 1024;

/**
 * Reads what happened to the boxes of a home, in the order in which it was written. Following waits for inotify(7) and goes from file to
 * file however far it is behind. Memory is bounded, whatever the files hold.
 */
export async function* readHistory(
  directory: string,
  options: HistoryOptions = {},
): AsyncGenerator<HistoryEntry, void, undefined> {
  try {
    yield* read(directory, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException | undefined)?.syscall === undefined) throw error;
    throw new RuntimeError({
      code: "HISTORY_UNREADABLE",
      message: `What happened to boxes cannot be read: ${(error as Error).message}`,
      hint: `Look at the rights of ${directory}; inotify's limits are fs.inotify.max_user_watches and max_user_instances.`,
      cause: error,
    });
  }
}

async function* read(
  directory: string,
  { follow = false, since, until, after, signal = new AbortController().signal }: HistoryOptions,
): AsyncGenerator<HistoryEntry, void, undefined> {
  const from = since?.toISOString() ?? "";
  const to = until?.toISOString() ?? "~";
  const wanted = after === undefined ? undefined : requirePlace(after);
  signal.throwIfAborted();
  // Nothing has happened yet where there is nothing to watch, but it may.
  if (follow) await mkdir(directory, { recursive: true, mode: 0o700 });
  using changes = follow ? new FileChanges(directory) : undefined;
  using over = overAt(until, signal);
  let at = await startOf(directory, { wanted, onlyNew: follow && since === undefined });
  if (wanted !== undefined && at !== undefined && at !== wanted) yield gap(directory, at);
  for (;;) {
    const last = changes === undefined || over.signal.aborted;
    // Asked before reading: when there is a next file by now, nothing comes to this one any more.
    const next = await following(directory, at);
    if (at !== undefined) {
      for await (const { line, place } of linesOf(directory, at)) {
        signal.throwIfAborted();
        at = place;
        const event = line && parseEvent(line);
        const cursor = formatPlace(place);
        if (event === undefined) yield { event: "history.damaged", reason: damageOf(directory, place), cursor };
        else if (event.time >= from && event.time <= to) yield { ...event, cursor };
      }
    }
    signal.throwIfAborted();
    if (next !== undefined) {
      const missed = at !== undefined && next !== at.number + 1;
      at = { number: next, offset: 0 };
      if (missed) yield gap(directory, at);
    } else if (last) return;
    else await changes.next(over.signal).catch((error) => onlyOver(error, over.signal));
  }
}

/** The longest that a timer takes; whoever waits longer ends himself. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A signal that aborts with the caller's, and at a time. */
function overAt(until: Date | undefined, signal: AbortSignal): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const end = () => controller.abort();
  const leftMs = until === undefined ? MAX_TIMER_MS : until.getTime() - Date.now();
  const timer = leftMs > 0 && leftMs < MAX_TIMER_MS ? setTimeout(end, leftMs) : undefined;
  if (signal.aborted || leftMs <= 0) end();
  else signal.addEventListener("abort", end, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
    },
  };
}

function onlyOver(error: unknown, over: AbortSignal): void {
  if (!over.aborted) throw error;
}

function requirePlace(after: string): HistoryPlace {
  const place = parsePlace(after);
  if (place !== undefined) return place;
  throw new RuntimeError({
    code: "CURSOR_INVALID",
    message: `${JSON.stringify(after)} is no place in a history`,
    hint: "Give the `cursor` of an entry that was read before, such as 1:2048.",
    details: { after },
  });
}

/** Where reading begins: behind a place that is still kept, else with the oldest. Undefined where there is nothing yet. */
async function startOf(
  directory: string,
  { wanted, onlyNew }: { readonly wanted: HistoryPlace | undefined; readonly onlyNew: boolean },
): Promise<HistoryPlace | undefined> {
  const numbers = await historyNumbers(directory);
  const [oldest, newest] = [numbers[0], numbers.at(-1)];
  if (oldest === undefined || newest === undefined) return undefined;
  const sizeOf = async (number: number) => (await unlessMissing(stat(historyFile(directory, number))))?.size ?? -1;
  if (wanted !== undefined) {
    const kept = wanted.offset <= (await sizeOf(wanted.number));
    return kept ? wanted : { number: oldest, offset: 0 };
  }
  return onlyNew ? { number: newest, offset: Math.max(0, await sizeOf(newest)) } : { number: oldest, offset: 0 };
}

async function following(directory: string, at: HistoryPlace | undefined): Promise<number | undefined> {
  return (await historyNumbers(directory)).find((number) => at === undefined || number > at.number);
}

interface PlacedLine {
  /** Undefined for one that is longer than any event. */
  readonly line: Uint8Array | undefined;
  /** Behind its newline. */
  readonly place: HistoryPlace;
}

/** The whole lines of a file from a place on; what has no newline yet is left for later. Holds no more than a block and a line. */
async function* linesOf(directory: string, { number, offset }: HistoryPlace): AsyncGenerator<PlacedLine> {
  await using file = await unlessMissing(openRegular(historyFile(directory, number)));
  if (file === undefined) return;
  let begun: Buffer = Buffer.alloc(0);
  let tooLong = false;
  for (let at = offset; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(BLOCK_BYTES), 0, BLOCK_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    let rest = Buffer.concat([begun, buffer.subarray(0, bytesRead)]);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      const line = tooLong || end > MAX_LINE_BYTES ? undefined : rest.subarray(0, end);
      rest = rest.subarray(end + 1);
      tooLong = false;
      yield { line, place: { number, offset: at - rest.length } };
    }
    tooLong ||= rest.length > MAX_LINE_BYTES;
    begun = tooLong ? Buffer.alloc(0) : rest;
  }
}

async function openRegular(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw Object.assign(new Error(`EINVAL: ${path} is no file`), { code: "EINVAL", syscall: "open" });
}

function gap(directory: string, place: HistoryPlace): HistoryEntry {
  const reason = `events before those of ${historyFile(directory, place.number)} are no longer kept`;
  return { event: "history.gap", reason, cursor: formatPlace(place) };
}

function damageOf(directory: string, { number, offset }: HistoryPlace): string {
  return `the line of ${historyFile(directory, number)} that ends at byte ${offset} is no event`;
}
