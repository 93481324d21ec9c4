import { isUtf8 } from "node:buffer";
import type { DroppedLog } from "../../log/log-entry.ts";
import type { LinePart } from "./lines.ts";

/** Where output comes from; the order is that of vm-host's descriptors. */
export const STREAMS = ["console", "stdout", "stderr"] as const;
export type Stream = (typeof STREAMS)[number];

/** One line of JSON with its newline: native/vm-host/PROTOCOL.md, "Log". */
export function outputRecord(time: Date, stream: Stream, { bytes, partial }: LinePart): string {
  const content = isUtf8(bytes) ? { text: bytes.toString("utf8") } : { bytes: bytes.toString("base64") };
  return `${JSON.stringify({ time: time.toISOString(), stream, ...content, ...(partial ? { partial } : {}) })}\n`;
}

/** Says what is missing before the next record. */
export function droppedRecord(time: Date, dropped: DroppedLog): string {
  return `${JSON.stringify({ time: time.toISOString(), stream: "log", dropped })}\n`;
}
