import type { Socket } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";

const NUMBER_BYTES = 4;

/** Bytes of a socket as they come; disposing it breaks the connection. */
export class SocketBytes implements AsyncDisposable {
  readonly #chunks: AsyncIterator<Buffer>;
  #bytes = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  /** A length or a credit. */
  async number(): Promise<number> {
    return (await this.exactly(NUMBER_BYTES)).readUInt32BE();
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
