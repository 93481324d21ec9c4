import type { Socket } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import type { SocketBytes } from "./socket-bytes.ts";

const LENGTH_BYTES = 4;

/** Content on its way to a caller over a connection of its own, as fast as that gives credit. Disposing it breaks off what has not ended. */
export class OutgoingContent implements Disposable {
  readonly socket: Socket;
  #credit = 0;
  #isOpen = true;
  #ended = false;
  #changed = Promise.withResolvers<void>();

  /** @param credits What the caller sends. */
  constructor(socket: Socket, credits: SocketBytes) {
    this.socket = socket;
    void this.#follow(credits);
  }

  /** Bytes that may be sent now. */
  get credit(): number {
    return this.#credit;
  }

  /** Resolves when the caller has given credit for all of it, and the system has taken it. */
  async send(content: Uint8Array): Promise<void> {
    for (let rest = content; rest.length > 0; ) {
      await this.credited();
      const piece = rest.subarray(0, this.#credit);
      rest = rest.subarray(piece.length);
      this.#credit -= piece.length;
      await this.#write(piece);
    }
  }

  /** Resolves when something may be sent. */
  async credited(): Promise<void> {
    while (this.#isOpen && this.#credit === 0) await this.#changed.promise;
    if (!this.#isOpen) throw new ConnectError("the caller has hung up", Code.Aborted);
  }

  /** That was all. The caller closes the connection. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#write(new Uint8Array(0));
  }

  [Symbol.dispose](): void {
    if (!this.#ended) this.socket.destroy();
  }

  async #write(piece: Uint8Array): Promise<void> {
    const head = Buffer.alloc(LENGTH_BYTES);
    head.writeUInt32BE(piece.length);
    await new Promise<void>((resolve) => this.socket.write(Buffer.concat([head, piece]), () => resolve()));
  }

  async #follow(credits: SocketBytes): Promise<void> {
    while (this.#isOpen) {
      await credits.number().then(
        (credit) => {
          this.#credit += credit;
        },
        () => {
          this.#isOpen = false;
        },
      );
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
  }
}
