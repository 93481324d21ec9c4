import type { ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import type { ContentConnection } from "../socket/content-connection.ts";
import type { ContentReceiver, IncomingContent } from "../socket/incoming-content.ts";
import { AgentConnection } from "./agent-connection.ts";
import { ContentConnections } from "./content-connections.ts";
import type { KeepAliveOptions } from "./keep-alive.ts";

/** What `:authority` says; the socket is the address. */
const AUTHORITY = "http://localhost";

/**
 * The connection to one agent's socket, opened by the first call. When it breaks, every pending call fails at once;
 * the next call opens another. A call is never moved to another connection.
 */
export class AgentSession {
  readonly #socketPath: string;
  readonly #keepAlive: KeepAliveOptions;
  /** A connection that said GOAWAY ends its calls here while the next one is current. */
  readonly #connections = new Set<AgentConnection>();
  readonly #contents: ContentConnections;
  #current: AgentConnection | undefined;
  #closed: Error | undefined;

  constructor(socketPath: string, keepAlive: KeepAliveOptions = {}) {
    this.#socketPath = socketPath;
    this.#keepAlive = keepAlive;
    this.#contents = new ContentConnections(socketPath);
  }

  /** Opens the stream of a call. @throws what the session was closed with, or Node's error when the connection has just ended. */
  request(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    if (this.#closed !== undefined) throw this.#closed;
    // A broken connection says so by an event, which comes after its calls have failed and can be long in coming.
    if (this.#current === undefined || this.#current.isBroken) this.#current = this.#connect();
    return this.#current.request(headers);
  }

  /** Opens a connection for the content of a call, where the agent takes such, which `isTaken` asks it. */
  openContent(isTaken: () => Promise<boolean>): ContentConnection | undefined {
    return this.#closed === undefined ? this.#contents.open(isTaken) : undefined;
  }

  /** Opens the connection for content from the agent that it offers by `token`. */
  takeContent(token: Uint8Array, receiver: ContentReceiver): IncomingContent | undefined {
    return this.#closed === undefined ? this.#contents.take(token, receiver) : undefined;
  }

  /** Ends the connection; pending calls and all later ones fail with `reason`. */
  close(reason: Error): void {
    this.#closed ??= reason;
    for (const connection of this.#connections) connection.destroy(this.#closed);
    this.#contents.destroy(this.#closed);
  }

  #connect(): AgentConnection {
    // It may be another agent.
    this.#contents.forget();
    const connection = new AgentConnection(this.#socketPath, AUTHORITY, this.#keepAlive, {
      onLeave: () => {
        if (this.#current === connection) this.#current = undefined;
      },
      onClose: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    return connection;
  }
}
