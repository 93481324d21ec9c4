import { createConnection, type Socket } from "node:net";
import { Duplex } from "node:stream";

/** Bytes that are read at a time; as many as Node reads by itself. */
const READ_BYTES = 64 * 1024;

/** Bytes that may wait here for the system to take them: more than the agent's windows let well-behaved calls send. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/**
 * A socket whose writes end at once, for HTTP/2 to run on.
 *
 * Node's HTTP/2 reads nothing while one of its writes is under way. The vsock device of libkrun 1.17 takes nothing from this
 * side while what it has for this side is not read. Content in both directions at once made the two wait for each other, and with
 * them everything else that the VM has to say over vsock, for good. What waits here instead is bounded by HTTP/2's flow control.
 *
 * HTTP/2 copies what it is given before it returns, so all reads share one buffer: a listener to `data` may not keep what it gets.
 */
export class EagerSocket extends Duplex {
  readonly #socket: Socket;

  /** Connects to the Unix socket at `path`. */
  constructor(path: string) {
    super();
    let buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const socket = createConnection({
      path,
      onread: {
        buffer: () => buffer,
        callback: (count) => {
          const bytes = buffer.subarray(0, count);
          // The way of a stream that is read and has nothing left over, without what `push` does besides.
          if (this.readableFlowing && this.readableLength === 0) {
            this.emit("data", bytes);
            return true;
          }
          const goOn = this.push(bytes);
          // What was not taken at once is kept, and its memory with it.
          if (this.readableLength > 0) buffer = Buffer.allocUnsafeSlow(READ_BYTES);
          return goOn;
        },
      },
    });
    this.#socket = socket;
    socket.once("end", () => this.push(null));
    socket.once("error", (error) => this.destroy(error));
    socket.once("close", () => this.destroy());
  }

  /** Whether an open connection keeps this process alive. */
  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send([bytes], done);
  }

  override _writev(writes: { readonly chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    this.#send(
      writes.map(({ chunk }) => chunk),
      done,
    );
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #send(parts: readonly Uint8Array[], done: () => void): void {
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
    if (this.#socket.writableLength < MAX_WAITING_BYTES) done();
    else this.#socket.once("drain", done);
  }
}
