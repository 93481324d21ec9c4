import type { Http2Server } from "node:http2";
import type { Socket } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";

const GREETING = Buffer.from("a3s-in1\n", "latin1");
const TOKEN_BYTES = 16;
const LENGTH_BYTES = 4;

/** Connections that carry content beside the messages of a call, as proto/a3s/agent/v1/content.proto has them. */
export class ContentConnections {
  readonly #meetings = new Map<string, PromiseWithResolvers<Incoming>>();

  /** Takes a new connection: one that begins as HTTP/2 is the server's. */
  accept(socket: Socket, server: Http2Server): void {
    socket.once("readable", () => {
      const bytes: Buffer | null = socket.read();
      if (bytes === null) return;
      socket.unshift(bytes);
      if (bytes[0] === GREETING[0]) void this.#welcome(socket);
      else server.emit("connection", socket);
    });
  }

  /** The content of the connection that says the token, when it has come; it fails when that breaks off. */
  async *content(token: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    const key = keyOf(token);
    await using incoming = await this.#meeting(key).promise;
    this.#meetings.delete(key);
    for (let left = await incoming.length(); left > 0; left = await incoming.length()) {
      while (left > 0) {
        const piece = await incoming.some(left);
        left -= piece.length;
        yield piece;
      }
    }
  }

  async #welcome(socket: Socket): Promise<void> {
    const incoming = new Incoming(socket);
    try {
      const greeting = await incoming.exactly(GREETING.length);
      const token = await incoming.exactly(TOKEN_BYTES);
      if (greeting.equals(GREETING)) this.#meeting(keyOf(token)).resolve(incoming);
      else socket.destroy();
    } catch {
      socket.destroy();
    }
  }

  #meeting(key: string): PromiseWithResolvers<Incoming> {
    const meeting = this.#meetings.get(key) ?? Promise.withResolvers<Incoming>();
    this.#meetings.set(key, meeting);
    return meeting;
  }
}

const keyOf = (token: Uint8Array) => Buffer.from(token).toString("hex");

/** Bytes as they come; disposing it breaks the connection. */
class Incoming implements AsyncDisposable {
  readonly #chunks: AsyncIterator<Buffer>;
  #bytes = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  async length(): Promise<number> {
    return (await this.exactly(LENGTH_BYTES)).readUInt32BE();
  }

  async exactly(count: number): Promise<Buffer> {
    while (this.#bytes.length < count) await this.#more();
    return this.#taken(count);
  }

  /** At least one, and so many at most. */
  async some(most: number): Promise<Buffer> {
    if (this.#bytes.length === 0) await this.#more();
    return this.#taken(Math.min(most, this.#bytes.length));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chunks.return?.();
  }

  async #more(): Promise<void> {
    const next = await this.#chunks.next().catch(() => undefined);
    if (next === undefined || next.done) throw new ConnectError("the connection broke off", Code.Aborted);
    this.#bytes = Buffer.concat([this.#bytes, next.value]);
  }

  #taken(count: number): Buffer {
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }
}
