import type { ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import { AgentConnection } from "./agent-connection.ts";
import type { KeepAliveOptions } from "./keep-alive.ts";

/**
 * The connection to one agent's socket, opened by the first call. When it breaks, every pending call fails at once;
 * the next call opens another. A call is never moved to another connection.
 *
 * This is the session manager that Connect's gRPC transport asks for.
 */
export class AgentSession {
  /** What `:authority` says; the socket is the address. */
  readonly authority = "http://localhost";
  readonly #socketPath: string;
  readonly #keepAlive: KeepAliveOptions;
  /** A connection that said GOAWAY ends its calls here while the next one is current. */
  readonly #connections = new Set<AgentConnection>();
  #current: AgentConnection | undefined;
  #closed: Error | undefined;

  constructor(socketPath: string, keepAlive: KeepAliveOptions = {}) {
    this.#socketPath = socketPath;
    this.#keepAlive = keepAlive;
  }

  async request(method: string, path: string, headers: OutgoingHttpHeaders): Promise<ClientHttp2Stream> {
    if (this.#closed !== undefined) throw this.#closed;
    // A broken connection says so by an event, which comes after its calls have failed and can be long in coming.
    if (this.#current === undefined || this.#current.isBroken) this.#current = this.#connect();
    return this.#current.request({ ...headers, ":method": method, ":path": path });
  }

  notifyResponseByteRead(): void {
    for (const connection of this.#connections) connection.heard();
  }

  /** Ends the connection; pending calls and all later ones fail with `reason`. */
  close(reason: Error): void {
    this.#closed ??= reason;
    for (const connection of this.#connections) connection.destroy(this.#closed);
  }

  #connect(): AgentConnection {
    const connection = new AgentConnection(this.#socketPath, this.authority, this.#keepAlive, {
      onLeave: () => {
        if (this.#current === connection) this.#current = undefined;
      },
      onClose: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    return connection;
  }
}
