import { fstatSync, readSync } from "node:fs";
import { Socket } from "node:net";
import { failed, failedBy, step } from "../failure.ts";

const DESCRIPTOR = 3;
const NAME = `descriptor ${DESCRIPTOR}`;
/** Longest specification in bytes: some hundred calls with long paths stay far below it. */
const MAX_BYTES = 1 << 20;
const NEWLINE = 0x0a;

/** What the starter says, and the end of the starter. */
export interface Lifeline {
  /** The specification, without its newline. */
  readonly line: string;
  /** Nobody has the other end any more. */
  readonly gone: Promise<void>;
}

/** Reads one line from descriptor 3, and goes on to listen for its end. @throws StartFailed */
export async function openLifeline(): Promise<Lifeline> {
  const kind = step("spec", NAME, () => fstatSync(DESCRIPTOR));
  // A file has been read to its end when its line has.
  if (kind.isFile()) return { line: readFile(), gone: Promise.resolve() };
  if (!kind.isFIFO() && !kind.isSocket()) throw failed("spec", NAME, "is neither a pipe, a socket nor a file");
  const socket = new Socket({ fd: DESCRIPTOR, readable: true, writable: false });
  const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    const line = new LineReader(resolve, reject);
    socket.on("data", (chunk: Buffer) => line.take(chunk));
    socket.once("end", () => line.end());
    socket.once("error", (error) => reject(failedBy("spec", NAME, error)));
  });
  return { line, gone };
}

function readFile(): string {
  let found = "";
  const line = new LineReader(
    (text) => {
      found = text;
    },
    (error) => {
      throw error;
    },
  );
  const chunk = Buffer.alloc(64 * 1024);
  for (let n = 1; n > 0 && !line.done; ) {
    n = step("spec", NAME, () => readSync(DESCRIPTOR, chunk));
    line.take(chunk.subarray(0, n));
  }
  line.end();
  return found;
}

/** The first line of a stream, and no endless one. */
class LineReader {
  done = false;
  #parts: Buffer[] = [];
  #bytes = 0;
  readonly #resolve: (line: string) => void;
  readonly #reject: (error: Error) => void;

  constructor(resolve: (line: string) => void, reject: (error: Error) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  take(chunk: Buffer): void {
    if (this.done) return;
    const end = chunk.indexOf(NEWLINE);
    const part = Buffer.from(end < 0 ? chunk : chunk.subarray(0, end));
    this.#bytes += part.length;
    if (this.#bytes > MAX_BYTES) {
      this.done = true;
      this.#parts = [];
      this.#reject(failed("spec", "spec", `longer than ${MAX_BYTES} bytes`));
      return;
    }
    this.#parts.push(part);
    if (end >= 0) this.end();
  }

  end(): void {
    if (this.done) return;
    this.done = true;
    this.#resolve(Buffer.concat(this.#parts).toString());
    this.#parts = [];
  }
}
