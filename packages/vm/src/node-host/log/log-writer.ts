import { type Fault, FaultWatch } from "./fault-watch.ts";
import { Lines, type Part } from "./lines.ts";
import { type Dropped, droppedRecord, outputRecord, STREAMS, type Stream } from "./record.ts";
import { type Limits, Segments } from "./segments.ts";

/** How long the beginning of a line waits for its end before it is written as a part, in milliseconds: a prompt shall be seen. */
const PATIENCE_MS = 250;

/** A stream's lines, and the timer of the one that has no end yet. */
interface Waiting {
  readonly lines: Lines;
  line: number | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** The log of a VM: native/vm-host/PROTOCOL.md, "Log". */
export class LogWriter {
  readonly #segments: Segments;
  readonly #streams: Readonly<Record<Stream, Waiting>>;
  readonly #faults = new FaultWatch();
  /** Since the last record that was written. */
  #unsaid: Dropped = { records: 0, bytes: 0 };
  #dropped: Dropped = { records: 0, bytes: 0 };

  private constructor(segments: Segments) {
    this.#segments = segments;
    const waiting = (): Waiting => ({ lines: new Lines(), line: undefined, timer: undefined });
    this.#streams = { console: waiting(), stdout: waiting(), stderr: waiting() };
  }

  /** Goes on behind what an earlier VM left at the same path. */
  static async open({ path, ...limits }: Limits & { readonly path: string }): Promise<LogWriter> {
    return new LogWriter(await Segments.open(path, limits));
  }

  take(stream: Stream, chunk: Buffer): void {
    const waiting = this.#streams[stream];
    this.#write(stream, waiting.lines.push(chunk));
    if (waiting.line === waiting.lines.waiting) return;
    clearTimeout(waiting.timer);
    waiting.line = waiting.lines.waiting;
    if (waiting.line !== undefined) waiting.timer = setTimeout(() => this.#flush(stream), PATIENCE_MS);
  }

  /** What was said on the console of a fault, when {@link finish} has written all of that. */
  fault(): Fault | undefined {
    return this.#faults.finish();
  }

  /** Writes what is left and tells what was lost in all. */
  finish(): Dropped {
    for (const stream of STREAMS) this.#flush(stream);
    if (this.#unsaid.records > 0) this.#append(undefined, 0);
    return this.#dropped;
  }

  #flush(stream: Stream): void {
    const waiting = this.#streams[stream];
    clearTimeout(waiting.timer);
    waiting.line = undefined;
    this.#write(stream, waiting.lines.flush());
  }

  #write(stream: Stream, parts: readonly Part[]): void {
    const now = new Date();
    for (const part of parts) {
      if (stream === "console") this.#faults.take(part);
      this.#append(outputRecord(now, stream, part), part.bytes.length);
    }
  }

  /** A full disk must not stop the guest: what cannot be written is counted, and said as soon as there is room. */
  #append(record: Buffer | undefined, outputBytes: number): void {
    const said = this.#unsaid.records > 0 ? [droppedRecord(new Date(), this.#unsaid)] : [];
    try {
      this.#segments.append(Buffer.concat(record === undefined ? said : [...said, record]));
      this.#unsaid = { records: 0, bytes: 0 };
    } catch {
      const lost = record === undefined ? 0 : 1;
      const more = ({ records, bytes }: Dropped) => ({ records: records + lost, bytes: bytes + outputBytes });
      this.#unsaid = more(this.#unsaid);
      this.#dropped = more(this.#dropped);
    }
  }
}
