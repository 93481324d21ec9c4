import { createConnection, type Socket } from "node:net";
import { ReadMemory } from "./read-memory.ts";

/** What such a connection begins with; the token follows. Source: proto/a3s/agent/v1/content.proto. */
const GREETING = Buffer.from("a3s-out\n", "latin1");
const LENGTH_BYTES = 4;

/** Bytes that the agent may be ahead of whoever uses the content: what a slow reader costs, and what keeps a fast one busy. */
const CREDIT_BYTES = 2 * 1024 * 1024;
/** Bytes of used content that are worth a write, which lets the agent send as much again. */
const CREDIT_STEP_BYTES = CREDIT_BYTES / 2;

/** Who is told what comes over an {@link IncomingContent}. After its end, or what it failed with, nothing more. */
export interface ContentReceiver {
  /** Some bytes, at least one, which are the receiver's to keep. */
  onContent(bytes: Uint8Array): void;
  /** That was all. */
  onContentEnd(): void;
  /** It broke off, or there was none to be had. */
  onContentLost(reason: Error | undefined): void;
  /** The agent sent what it must not. */
  onContentViolation(what: string): void;
}

/**
 * A connection over which content of one call comes from the agent, and nothing else. It is read all the time, because libkrun's vsock
 * stops for all connections while one is not read (docs/decisions/0026); how much may come is bounded by credit, which the agent gets
 * as content is used.
 */
export class IncomingContent implements Disposable {
  readonly #socket: Socket;
  readonly #receiver: ContentReceiver;
  /** Bytes that the agent may still send. */
  #credit = CREDIT_BYTES;
  /** Bytes for which it has not been given new credit. */
  #used = 0;
  /** Bytes of the present piece that have not come. */
  #left = 0;
  /** As much of the next piece's length as has come. */
  #length = 0;
  #lengthBytes = 0;
  #isOver = false;

  /** Connects to the agent's Unix socket. */
  constructor(
    path: string,
    token: Uint8Array,
    receiver: ContentReceiver,
    onClose: (connection: IncomingContent) => void,
  ) {
    const memory = new ReadMemory();
    const socket = createConnection({
      path,
      onread: {
        buffer: () => memory.space(),
        callback: (count) => {
          this.#read(memory.take(count));
          return true;
        },
      },
    });
    let failure: Error | undefined;
    socket.on("error", (error) => {
      failure = error;
    });
    socket.once("close", () => {
      onClose(this);
      if (!this.#isOver) receiver.onContentLost(failure);
    });
    socket.write(Buffer.concat([GREETING, token, bigEndian(CREDIT_BYTES)]));
    this.#socket = socket;
    this.#receiver = receiver;
  }

  /** So many bytes are used up: the agent may send as many more. */
  use(bytes: number): void {
    this.#used += bytes;
    if (this.#used < CREDIT_STEP_BYTES || this.#isOver) return;
    this.#credit += this.#used;
    this.#socket.write(bigEndian(this.#used));
    this.#used = 0;
  }

  /** Breaks it, which the receiver is told. */
  destroy(reason: Error): void {
    this.#socket.destroy(reason);
  }

  /** Closes it; the receiver is told nothing more. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  #read(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.#isOver; ) {
      if (this.#left === 0) {
        this.#readLength(chunk[at++] as number, at === chunk.length);
        continue;
      }
      const end = Math.min(chunk.length, at + this.#left);
      this.#left -= end - at;
      this.#receiver.onContent(end - at === chunk.length ? chunk : chunk.subarray(at, end));
      at = end;
    }
  }

  #readLength(byte: number, isLast: boolean): void {
    this.#length = this.#length * 256 + byte;
    if (++this.#lengthBytes < LENGTH_BYTES) return;
    const length = this.#length;
    this.#length = 0;
    this.#lengthBytes = 0;
    if (length > this.#credit) this.#refuse(`a piece of ${length} bytes where it may send ${this.#credit}`);
    else if (length > 0) {
      this.#credit -= length;
      this.#left = length;
    } else if (isLast) this.#end();
    else this.#refuse("bytes after the end of content");
  }

  #end(): void {
    this[Symbol.dispose]();
    this.#receiver.onContentEnd();
  }

  #refuse(what: string): void {
    this[Symbol.dispose]();
    this.#receiver.onContentViolation(what);
  }
}

function bigEndian(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES);
  bytes.writeUInt32BE(number);
  return bytes;
}
