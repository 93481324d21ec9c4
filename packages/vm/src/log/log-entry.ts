import * as v from "valibot";

/** What the guest wrote: a line without its newline, or a piece of one. */
export interface VmLogOutput {
  /** When vm-host got its end; ISO 8601 with milliseconds. */
  readonly time: string;
  /** `console`: the guest's kernel, its PID 1 and libkrun itself; the others are the main process's, when the guest tells them apart. */
  readonly stream: "console" | "stdout" | "stderr";
  /** The guest chose it: it may hold what steers a terminal. What is no UTF-8 is replaced by U+FFFD. */
  readonly text: string;
  /** What was written, when that is no UTF-8. */
  readonly bytes?: Uint8Array;
  /** Whether the line goes on in the stream's next entry: it is longer than 16 KiB, or its end did not come at once. */
  readonly partial: boolean;
}

/** Output is missing before the next entry. */
export interface VmLogGap {
  readonly time: string;
  readonly stream: "log";
  /** `writer`: the disk was full, or the log's directory gone. `reader`: files were removed before they were read, for their number is limited. */
  readonly cause: "writer" | "reader";
  /** How much is missing; null when that is not known. */
  readonly dropped: DroppedLog | null;
}

/** An entry of a VM's log. */
export type VmLogEntry = (VmLogOutput | VmLogGap) & {
  /** The place behind it, for a reader that goes on later; of readers that ask for it (`cursors`). */
  readonly cursor?: string;
};

/** Output that could not be written. */
export interface DroppedLog {
  readonly records: number;
  readonly bytes: number;
}

export const droppedLog = v.object({
  records: v.pipe(v.number(), v.integer(), v.minValue(0)),
  bytes: v.pipe(v.number(), v.integer(), v.minValue(0)),
});

const time = v.pipe(v.string(), v.isoTimestamp());
const output = { time, stream: v.picklist(["console", "stdout", "stderr"]), partial: v.optional(v.boolean(), false) };

const record = v.union([
  v.object({ ...output, text: v.string() }),
  v.object({ ...output, bytes: v.pipe(v.string(), v.base64()) }),
  v.object({ time, stream: v.literal("log"), dropped: droppedLog }),
]);

/** One line of a log's file (native/vm-host/PROTOCOL.md, "Log"); undefined when it is none, as one that a crash of the host cut off. */
export function parseLogLine(line: Uint8Array): VmLogEntry | undefined {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString("utf8"));
  } catch {
    return undefined;
  }
  const result = v.safeParse(record, json);
  if (!result.success) return undefined;
  const found = result.output;
  if ("dropped" in found) return { ...found, cause: "writer" };
  if ("text" in found) return found;
  const bytes = Buffer.from(found.bytes, "base64");
  return { time: found.time, stream: found.stream, text: bytes.toString("utf8"), bytes, partial: found.partial };
}
