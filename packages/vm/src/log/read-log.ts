import { stat } from "node:fs/promises";
import { FileChanges, unlessMissing } from "@a3s/core";
import { VmError } from "../errors/vm-error.ts";
import { linesBackwards } from "./lines-backwards.ts";
import { parseLogLine, type VmLogEntry, type VmLogOutput } from "./log-entry.ts";
import { LogFileReader } from "./log-file-reader.ts";
import { logFile, logNumbers } from "./log-files.ts";
import { formatLogPlace, type LogPlace, parseLogPlace } from "./log-place.ts";

/** Which entries of a log, and whether to wait for more. */
export interface VmLogOptions {
  /** Waits for what is still to be written, until the VM has ended. False by default. */
  readonly follow?: boolean | undefined;
  /** Leaves out what was written before. */
  readonly since?: Date | undefined;
  /** Starts with the last so many entries; with all that are kept by default. */
  readonly tail?: number | undefined;
  /** Leaves out what other streams have said, also where `tail` counts; all by default. That something is missing is told all the same. */
  readonly streams?: readonly VmLogOutput["stream"][] | undefined;
  /** Gives each entry a `cursor`; false by default. */
  readonly cursors?: boolean | undefined;
  /** The `cursor` of an entry: begins with the one after it, and `tail` does not count then. */
  readonly after?: string | undefined;
  /** Ends the reading with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the log of a VM, running or not, in the order in which it was written. Nothing polls: following waits for
 * inotify(7), and goes from file to file however far it is behind. Memory is bounded, whatever is in the log.
 *
 * @param path as `log.path` of {@link launchVm}; a log that is not there has no entries
 * @param options.until with `follow`: nothing is written any more when this has settled
 * @throws VmError `VM_LOG_UNREADABLE`; the signal's reason when aborted
 */
export async function* readVmLog(
  path: string,
  options: VmLogOptions & { readonly until?: Promise<unknown> | undefined } = {},
): AsyncGenerator<VmLogEntry, void, undefined> {
  const { follow = false, since, tail, streams, cursors = false, after: wanted, signal } = options;
  const isWanted = ({ stream }: VmLogEntry) => streams === undefined || stream === "log" || streams.includes(stream);
  const from = since?.toISOString() ?? "";
  using over = overWhen(signal, options.until);
  try {
    signal?.throwIfAborted();
    const place = wanted === undefined ? undefined : parseLogPlace(wanted);
    let at =
      place === undefined
        ? await startOf(path, tail, streams === undefined ? undefined : isWanted)
        : await resumeAt(path, place);
    for (let gap = false; at !== undefined; ) {
      const { number, offset } = at;
      const file = await unlessMissing(LogFileReader.open(logFile(path, number), offset));
      if (file === undefined) gap = true;
      else {
        await using reader = file;
        for await (const line of linesOf(reader, { path, number, follow, over: over.signal, signal })) {
          const entry = parseLogLine(line);
          if (entry === undefined || entry.time < from || !isWanted(entry)) continue;
          const cursor = (offset: number) => (cursors ? { cursor: formatLogPlace({ number, offset }) } : {});
          const before = reader.behind - line.length - 1;
          if (gap) yield { time: entry.time, stream: "log", cause: "reader", dropped: null, ...cursor(before) };
          gap = false;
          yield { ...entry, ...cursor(reader.behind) };
        }
      }
      const next = await after(path, number);
      gap ||= next !== undefined && next !== number + 1;
      at = next === undefined ? undefined : { number: next, offset: 0 };
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException | undefined)?.syscall === undefined) throw error;
    throw new VmError({
      code: "VM_LOG_UNREADABLE",
      message: `The log ${path} cannot be read: ${(error as Error).message}`,
      hint: "Look at the rights of its files; inotify's limits are fs.inotify.max_user_watches and max_user_instances.",
      cause: error,
    });
  }
}

interface FilePlace {
  readonly path: string;
  readonly number: number;
  readonly follow: boolean;
  readonly over: AbortSignal;
  readonly signal: AbortSignal | undefined;
}

/** All lines of a file: until there is a next one, or, of the last one, until it is over. */
async function* linesOf(reader: LogFileReader, { path, number, follow, over, signal }: FilePlace) {
  using changes = follow ? watchUnlessMissing(logFile(path, number)) : undefined;
  for (;;) {
    const last = changes === undefined || over.aborted;
    // Asked before reading: when there is a next file by now, nothing comes to this one any more.
    const complete = (await after(path, number)) !== undefined;
    for await (const line of reader.lines()) {
      signal?.throwIfAborted();
      yield line;
    }
    signal?.throwIfAborted();
    if (last || complete) return;
    try {
      await changes.next(over);
    } catch (error) {
      signal?.throwIfAborted();
      if (!over.aborted) throw error;
    }
  }
}

/** Whoever removes a log from under a reader ends the reading. */
function watchUnlessMissing(path: string): FileChanges | undefined {
  try {
    return new FileChanges(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function after(path: string, number: number): Promise<number | undefined> {
  return (await logNumbers(path)).find((other) => other > number);
}

/** Where the last `tail` entries begin, of those that count; where the log begins when it is not given. */
async function startOf(path: string, tail: number | undefined, counts: ((entry: VmLogEntry) => boolean) | undefined) {
  if (tail !== undefined && (!Number.isSafeInteger(tail) || tail < 0)) {
    throw new RangeError(`tail must be a count, and is ${tail}`);
  }
  const oldest = (await logNumbers(path))[0];
  if (tail === undefined || oldest === undefined)
    return oldest === undefined ? undefined : { number: oldest, offset: 0 };
  let wanted = tail;
  for await (const { number, offset, line } of linesBackwards(path)) {
    if (wanted === 0) return { number, offset: offset + line.length };
    if (counts !== undefined && !isCounted(line, counts)) continue;
    if (--wanted === 0) return { number, offset };
  }
  return { number: oldest, offset: 0 };
}

/** A place that is still there, or the beginning of what came after it; the reader finds out when files are missing. */
async function resumeAt(path: string, place: LogPlace): Promise<LogPlace | undefined> {
  const oldest = (await logNumbers(path))[0];
  if (oldest === undefined) return undefined;
  const found = await unlessMissing(stat(logFile(path, place.number)));
  return found !== undefined && found.size < place.offset ? { number: oldest, offset: 0 } : place;
}

function isCounted(line: Uint8Array, counts: (entry: VmLogEntry) => boolean): boolean {
  const entry = parseLogLine(line);
  return entry !== undefined && counts(entry);
}

/** A signal that aborts with the caller's, and when the promise settles. */
function overWhen(signal: AbortSignal | undefined, until: Promise<unknown> | undefined) {
  const controller = new AbortController();
  const end = () => controller.abort();
  until?.then(end, end);
  if (signal?.aborted) end();
  else signal?.addEventListener("abort", end, { once: true });
  return { signal: controller.signal, [Symbol.dispose]: () => signal?.removeEventListener("abort", end) };
}
