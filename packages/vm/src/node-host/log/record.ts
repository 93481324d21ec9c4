import { isUtf8 } from "node:buffer";
import type { Part } from "./lines.ts";

/** Where output comes from: the guest's kernel, its PID 1 and libkrun's own log; and the guest's main process. */
export const STREAMS = ["console", "stdout", "stderr"] as const;
export type Stream = (typeof STREAMS)[number];

/** What could not be written, for want of space or of the directory. */
export interface Dropped {
  readonly records: number;
  /** Of the guest's output, not of its record. */
  readonly bytes: number;
}

/** One line of JSON with its newline. */
export function outputRecord(time: Date, stream: Stream, { bytes, partial }: Part): Buffer {
  const content = isUtf8(bytes) ? { text: bytes.toString("utf8") } : { bytes: bytes.toString("base64") };
  return line({ time, stream, ...content, ...(partial ? { partial } : {}) });
}

/** Says what is missing before the next record. */
export function droppedRecord(time: Date, { records, bytes }: Dropped): Buffer {
  return line({ time, stream: "log", dropped: { records, bytes } });
}

function line(record: object): Buffer {
  return Buffer.from(`${JSON.stringify(record)}\n`);
}
