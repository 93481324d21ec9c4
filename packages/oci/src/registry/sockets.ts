import type { Socket } from "node:net";
import type { buildConnector } from "undici";

/**
 * The sockets of a client, from the moment they begin to connect. What ends an undici agent waits for those that still do, which may be
 * for ever: for a server that never answers in TLS, for a proxy that never answers `CONNECT`.
 */
export class Sockets {
  readonly #open = new Set<Socket>();

  /** A connector whose sockets are known here. */
  watch(connect: buildConnector.connector): buildConnector.connector {
    return (options, callback) => {
      // Undici's connectors return the socket at once (lib/core/connect.js); the types do not say so.
      const socket = connect(options, callback) as unknown as Socket;
      this.#open.add(socket);
      socket.once("close", () => this.#open.delete(socket));
      return socket;
    };
  }

  /** Ends them all. */
  destroy(): void {
    for (const socket of this.#open) socket.destroy(new Error("The client has ended"));
  }
}
