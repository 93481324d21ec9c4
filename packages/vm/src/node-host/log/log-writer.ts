import type { DroppedLog } from "../../log/log-entry.ts";
import { type LinePart, Lines } from "./lines.ts";
import { droppedRecord, outputRecord, STREAMS, type Stream } from "./record.ts";
import { type SegmentLimits, Segments } from "./segments.ts";

/** How long the beginning of a line waits for its end before it is written as a part: a prompt shall be seen. In ms. */
const PATIENCE_MS = 250;

/** The log of a VM: what its console and its main process say. Writes at once, so that a guest is never ahead of its log. */
export class LogWriter {
  readonly #segments: Segments;
  readonly #lines: Readonly<Record<Stream, Lines>> = { console: new Lines(), stdout: new Lines(), stderr: new Lines() };
  /** For each stream that has the beginning of a line: takes back that it is written unfinished. */
  readonly #waiting = new Map<Stream, () => void>();
  /** Since the last record that was written. */
  #unsaid: DroppedLog = { records: 0, bytes: 0 };
  #dropped: DroppedLog = { records: 0, bytes: 0 };

  constructor(path: string, limits: SegmentLimits) {
    this.#segments = new Segments(path, limits);
  }

  take(stream: Stream, chunk: Buffer): void {
    const lines = this.#lines[stream];
    this.#write(stream, lines.push(chunk));
    if (!lines.waiting) this.#stopWaiting(stream);
    else if (!this.#waiting.has(stream)) this.#wait(stream);
  }

  /** Writes what is left, and tells what was lost in all. */
  finish(): DroppedLog {
    for (const stream of STREAMS) this.#flush(stream);
    if (this.#unsaid.records > 0) this.#append("", 0);
    this.#segments.close();
    return this.#dropped;
  }

  #flush(stream: Stream): void {
    this.#stopWaiting(stream);
    this.#write(stream, this.#lines[stream].flush());
  }

  #wait(stream: Stream): void {
    const timer = setTimeout(() => {
      // First what has come meanwhile is read: it may be the rest of the line.
      const afterReading = setImmediate(() => this.#flush(stream));
      this.#waiting.set(stream, () => clearImmediate(afterReading));
    }, PATIENCE_MS);
    this.#waiting.set(stream, () => clearTimeout(timer));
  }

  #stopWaiting(stream: Stream): void {
    this.#waiting.get(stream)?.();
    this.#waiting.delete(stream);
  }

  #write(stream: Stream, parts: readonly LinePart[]): void {
    const now = new Date();
    for (const part of parts) this.#append(outputRecord(now, stream, part), part.bytes.length);
  }

  /** A full disk must not stop the guest: what cannot be written is counted, and said as soon as there is room. */
  #append(record: string, output: number): void {
    const said = this.#unsaid.records > 0 ? droppedRecord(new Date(), this.#unsaid) : "";
    try {
      this.#segments.append(said + record);
      this.#unsaid = { records: 0, bytes: 0 };
    } catch {
      const lost = record === "" ? 0 : 1;
      const more = ({ records, bytes }: DroppedLog) => ({ records: records + lost, bytes: bytes + output });
      this.#unsaid = more(this.#unsaid);
      this.#dropped = more(this.#dropped);
    }
  }
}
