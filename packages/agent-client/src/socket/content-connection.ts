import { randomBytes } from "node:crypto";
import { createConnection, type Socket } from "node:net";

/** What a connection for content begins with; the token follows. Source: proto/a3s/agent/v1/content.proto. */
const GREETING = Buffer.from("a3s-in1\n", "latin1");
const TOKEN_BYTES = 16;
const LENGTH_BYTES = 4;

/**
 * A connection that carries content of one call to the agent, and nothing else. One that the agent has hung up on takes nothing more, and the call
 * that it is for says why.
 */
export class ContentConnection implements Disposable {
  /** What the call says for the agent to know whose content it is. */
  readonly token: Uint8Array<ArrayBuffer> = new Uint8Array(randomBytes(TOKEN_BYTES));
  readonly #socket: Socket;
  #connected = false;

  /** Connects to the agent's Unix socket. */
  constructor(path: string, onClose: (connection: ContentConnection) => void) {
    const socket = createConnection({ path });
    socket.once("connect", () => {
      this.#connected = true;
    });
    // Told to those who write.
    socket.on("error", () => {});
    socket.once("close", () => onClose(this));
    // The agent says nothing; its end is noticed only when it is read.
    socket.resume();
    socket.write(Buffer.concat([GREETING, this.token]));
    this.#socket = socket;
  }

  /**
   * Sends a piece. Resolves when the system has taken it: false when the agent has hung up.
   *
   * @throws Node's error when there was no connection to be had.
   */
  send(piece: Uint8Array): Promise<boolean> {
    // A length of 0 would be the end.
    return piece.length === 0 ? Promise.resolve(true) : this.#write(piece.length, piece);
  }

  /** Says that there is no more. The connection stays open. Errors as for `send`. */
  end(): Promise<boolean> {
    return this.#write(0);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #write(length: number, ...pieces: readonly Uint8Array[]): Promise<boolean> {
    const socket = this.#socket;
    const head = Buffer.allocUnsafe(LENGTH_BYTES);
    head.writeUInt32BE(length);
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const written = (error: Error | null | undefined) => {
      if (error == null) resolve(true);
      else if (this.#connected) resolve(false);
      else reject(error);
    };
    const parts = [head, ...pieces];
    socket.cork();
    for (const [index, part] of parts.entries()) socket.write(part, index === pieces.length ? written : undefined);
    socket.uncork();
    return promise;
  }
}
