import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from "node:http2";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ContentListener, DetouredContent } from "./detoured-content.ts";
import { checkResponse, endedWithoutStatus, statusFault } from "./grpc-status.ts";
import type { MessageReader } from "./message-reader.ts";

/** Bytes of messages that wait here to be asked for; then reading stops, and HTTP/2's window with it. */
const MAX_WAITING_BYTES = 64 * 1024;

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(reason: unknown): void;
}

/**
 * One call: a stream of HTTP/2 with messages in both directions and a status at the end. Its own messages come by iteration; they
 * are read on as they are taken. The call ends when the agent ends it, when it is iterated no further, or with `signal`.
 *
 * An iteration fails with a ConnectError: the agent's status, which has `grpc-status` in its metadata, `CANCELED` after `signal`, or
 * what was noticed on this side, with the cause.
 */
export class GrpcCall<O extends DescMessage>
  implements AsyncIterableIterator<MessageShape<O>, undefined>, ContentListener
{
  readonly #stream: ClientHttp2Stream;
  readonly #reader: MessageReader<O>;
  /** Content that comes beside the stream, after what waits of that. */
  readonly #content: DetouredContent<O> | undefined;
  readonly #messages: MessageShape<O>[] = [];
  readonly #signal: AbortSignal | undefined;
  /** Releases the source of the messages that are sent, also one that has given all: it may hold something until the call ends. */
  #release: (() => void) | undefined;
  #waiting: Waiter<MessageShape<O>> | undefined;
  #waitingBytes = 0;
  #headers: IncomingHttpHeaders | undefined;
  #trailers: IncomingHttpHeaders | undefined;
  #drained = false;
  /** The stream has ended well, and its content is still to come. */
  #isComplete = false;
  #end: { readonly failure?: unknown } | undefined;

  constructor(
    stream: ClientHttp2Stream,
    reader: MessageReader<O>,
    signal: AbortSignal | undefined,
    contentFor: (listener: ContentListener) => DetouredContent<O> | undefined = () => undefined,
  ) {
    this.#stream = stream;
    this.#reader = reader;
    this.#signal = signal;
    this.#content = contentFor(this);
    stream.once("response", (headers) => this.#take(() => this.#begin(headers)));
    stream.on("data", (chunk: Uint8Array) => this.#take(() => this.#receive(chunk)));
    stream.once("trailers", (trailers) => this.#take(() => this.#finish({ trailers })));
    stream.once("end", () => this.#take(() => this.#finish({ drained: true })));
    stream.on("error", (error) => this.#take(() => this.fail(broken(error))));
    stream.once("close", () => this.#take(() => this.#closeEarly()));
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Sends the last message, or the only one. */
  finish(parts: readonly Uint8Array[]): void {
    this.#stream.cork();
    for (const part of parts) this.#stream.write(part);
    this.#stream.end();
    this.#stream.uncork();
  }

  /** Sends messages, each when the system or the window has taken the one before, and then says that there are no more. */
  async send<T>(messages: AsyncIterable<T>, frame: (message: T) => readonly Uint8Array[]): Promise<void> {
    const source = messages[Symbol.asyncIterator]();
    this.#release = () => void source.return?.()?.catch(() => {});
    try {
      for (let next = await source.next(); !next.done; next = await source.next()) {
        if (this.#isOver()) return;
        await this.#write(frame(next.value));
      }
      if (!this.#isOver()) this.#stream.end();
    } catch (error) {
      this.fail(error);
    }
  }

  next(): Promise<IteratorResult<MessageShape<O>, undefined>> {
    if (this.#waitingBytes > 0 && !this.#keepsMessages()) this.#readOn();
    const value = this.#messages.shift() ?? this.#content?.take();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#end !== undefined) return this.#ended();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    // Of a call that has ended there is nothing to give up, and the error would be made for nobody.
    if (this.#end === undefined) this.fail(canceled());
    this.#clear();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the call, which the agent is told; what has come is still handed out. Without effect when it has ended. */
  fail(failure: unknown): void {
    if (this.#end !== undefined) return;
    this.#settle({ failure });
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  readonly #abort = () => {
    this.#clear();
    this.fail(canceled());
  };

  /** Content has come over its connection, or the end of that. */
  onContent(): void {
    const value = this.#waiting && this.#content?.take();
    if (value !== undefined) this.#offer(value);
    if (this.#isComplete && !this.#content?.isAwaited()) this.#settle({});
  }

  /** Runs what an event of the stream brings; what it throws is the call's failure. */
  #take(bring: () => void): void {
    if (this.#isOver()) return;
    try {
      bring();
    } catch (error) {
      this.fail(error);
    }
  }

  #begin(headers: IncomingHttpHeaders): void {
    this.#headers = headers;
    checkResponse(headers);
    // A call without messages may have its status in its head.
    if (headers["grpc-status"] !== undefined) this.#finish({ trailers: headers });
  }

  #receive(chunk: Uint8Array): void {
    for (const message of this.#reader.read(chunk)) {
      if (this.#content?.passes(message) ?? true) this.#offer(message);
    }
    if (!this.#keepsMessages()) return;
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= MAX_WAITING_BYTES) this.#stream.pause();
  }

  #offer(message: MessageShape<O>): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#messages.push(message);
    else waiting.resolve({ done: false, value: message });
  }

  /** Nothing more is sent, nor taken from the stream. */
  #isOver(): boolean {
    return this.#end !== undefined || this.#isComplete;
  }

  /** Whether messages of the stream wait to be taken: its content beside it bounds itself. */
  #keepsMessages(): boolean {
    return this.#messages.length > 0 || this.#content?.keepsMessages === true;
  }

  #readOn(): void {
    this.#waitingBytes = 0;
    if (this.#stream.isPaused()) this.#stream.resume();
  }

  #clear(): void {
    this.#messages.length = 0;
    this.#content?.clear();
  }

  /** The status and the end of the messages come in any order. */
  #finish({ trailers = this.#trailers, drained = this.#drained }): void {
    this.#trailers = trailers;
    this.#drained = drained;
    if (trailers === undefined || !drained) return;
    const fault = statusFault(trailers);
    if (fault === undefined && this.#reader.isMidway) {
      throw new ConnectError("the answer ends in the middle of a message", Code.Internal);
    }
    this.#isComplete = fault === undefined && this.#content?.isAwaited() === true;
    if (this.#isComplete) this.#release?.();
    else this.#settle(fault === undefined ? {} : { failure: fault });
    // Nothing that is sent now would be read.
    if (!this.#stream.writableEnded) this.#stream.close(constants.NGHTTP2_NO_ERROR);
  }

  /** The stream is gone, and not all had come. */
  #closeEarly(): void {
    const status = this.#trailers && statusFault(this.#trailers);
    this.fail(status ?? endedWithoutStatus(this.#headers, this.#stream.rstCode));
  }

  #settle(end: { readonly failure?: unknown }): void {
    this.#end = end;
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#content?.[Symbol.dispose]();
    this.#release?.();
    // Unread bytes would keep the stream from closing.
    if (this.#stream.isPaused()) this.#stream.resume();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return;
    this.#ended().then(waiting.resolve, waiting.reject);
  }

  #ended(): Promise<IteratorReturnResult<undefined>> {
    const end = this.#end;
    if (end === undefined || !("failure" in end)) return Promise.resolve({ done: true, value: undefined });
    return Promise.reject(end.failure);
  }

  /** Resolves when the message was handed to the system, or when the call has ended. */
  #write(parts: readonly Uint8Array[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const last = parts.length - 1;
    this.#stream.cork();
    // A failure is the stream's, which says so.
    for (const [index, part] of parts.entries()) this.#stream.write(part, index === last ? () => resolve() : undefined);
    this.#stream.uncork();
    return promise;
  }
}

function canceled(): ConnectError {
  return new ConnectError("cancelled by the caller", Code.Canceled);
}

/** What Node says of the stream or of its connection. */
function broken(cause: Error): ConnectError {
  return new ConnectError(cause.message, Code.Internal, undefined, undefined, cause);
}
