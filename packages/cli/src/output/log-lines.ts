/** An entry of a log: what the guest wrote, or that something is missing. */
export type LogEntry =
  | {
      readonly time: string;
      readonly stream: "console" | "stdout" | "stderr";
      readonly text: string;
      readonly bytes?: Uint8Array;
      readonly partial: boolean;
    }
  | {
      readonly time: string;
      readonly stream: "log";
      readonly dropped: { readonly records: number; readonly bytes: number } | null;
    };

/** What of an entry goes where. */
export interface LogText {
  readonly to: "stdout" | "stderr";
  readonly data: Uint8Array;
}

/** Makes the entries of a log what the main process has written: its bytes, on the stream that it wrote them to. */
export class LogLines {
  readonly #timestamps: boolean;
  /** Streams whose last entry goes on. */
  readonly #unfinished = new Set<string>();

  /** @param options.timestamps the time of each line's beginning stands before it, as docker has it */
  constructor({ timestamps }: { readonly timestamps: boolean }) {
    this.#timestamps = timestamps;
  }

  /** @returns undefined for what is not the main process's */
  next(entry: LogEntry): LogText | undefined {
    if (entry.stream === "log") return { to: "stderr", data: Buffer.from(`a3s-box: ${missing(entry.dropped)}\n`) };
    if (entry.stream === "console") return undefined;
    const time = this.#timestamps && !this.#unfinished.has(entry.stream) ? `${entry.time} ` : "";
    if (entry.partial) this.#unfinished.add(entry.stream);
    else this.#unfinished.delete(entry.stream);
    const written = entry.bytes ?? Buffer.from(entry.text);
    return { to: entry.stream, data: Buffer.concat([Buffer.from(time), written, NEWLINE[entry.partial ? 0 : 1]]) };
  }
}

const NEWLINE = [Buffer.alloc(0), Buffer.from("\n")] as const;

function missing(dropped: { readonly records: number; readonly bytes: number } | null): string {
  return dropped === null ? "older lines are missing here" : `${dropped.bytes} bytes are missing here`;
}
