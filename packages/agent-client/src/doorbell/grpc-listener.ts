import { chmodSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { raceSignal, startDeadline } from "@a3s/core";
import { type UnaryRoute, unaryHandler } from "../grpc/unary-handler.ts";

/** Connections at a time: the guest needs one, and one more while it retries. */
const MAX_CONNECTIONS = 4;
/** Calls at a time on a connection. */
const MAX_STREAMS = 8;
/** Largest request in bytes. With the two limits above, callers can make us hold 2 MiB at most. */
const MAX_REQUEST_BYTES = 64 * 1024;
/** Time for answers under way to go out, and for callers to hang up, when the listener is disposed, in milliseconds. */
const CLOSE_GRACE_MS = 1_000;

/**
 * Serves gRPC over HTTP/2 with prior knowledge on a Unix socket that only this user may use (mode 0600). What callers
 * send is bounded, and nothing they send is logged: a guest must not write into the host's log.
 */
export class GrpcListener implements AsyncDisposable {
  readonly #server: Http2Server;
  readonly #socketPath: string;
  readonly #connections = new Set<Socket>();
  /** Calls that wait for their answer to go out. */
  readonly #calls = new Set<ServerHttp2Stream>();
  #onLeave: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  private constructor(socketPath: string, routes: readonly UnaryRoute[]) {
    this.#socketPath = socketPath;
    this.#server = createServer({
      settings: { maxConcurrentStreams: MAX_STREAMS, initialWindowSize: MAX_REQUEST_BYTES, enablePush: false },
      maxHeaderListPairs: 64,
      maxSessionMemory: 1,
    });
    const handle = unaryHandler(routes, MAX_REQUEST_BYTES);
    this.#server.on("stream", (stream, headers) => {
      this.#calls.add(stream);
      stream.once("close", () => {
        this.#calls.delete(stream);
        this.#onLeave?.();
      });
      handle(stream, headers);
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on("connection", (connection: Socket) => {
      this.#connections.add(connection);
      connection.once("close", () => {
        this.#connections.delete(connection);
        this.#onLeave?.();
      });
    });
    // Garbage ends its own session; there is nobody to tell.
    this.#server.on("sessionError", () => {});
  }

  /** Binds the socket. Rejects with Node's error when that fails. */
  static async listen(socketPath: string, routes: readonly UnaryRoute[]): Promise<GrpcListener> {
    const listener = new GrpcListener(socketPath, routes);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    listener.#server.once("error", reject);
    listener.#server.listen({ path: socketPath, exclusive: true }, () => resolve());
    // Bound by now, and nobody is let in before this turn ends. Changing the umask instead would hit other threads' files.
    if (listener.#server.listening) chmodSync(socketPath, 0o600);
    await promise;
    listener.#server.off("error", reject);
    return listener;
  }

  /** Lets answers under way go out and callers hang up, then ends what connections are left and removes the socket. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // Before the server is closed, which closes its sessions.
    await this.#left();
    // The sockets, not the sessions: closing a session waits for the peer to hang up, which a hostile one does not do.
    for (const connection of this.#connections) connection.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await rm(this.#socketPath, { force: true });
  }

  /**
   * Resolves when everybody has left, or when the grace is over. A guest that has its answer hangs up; who hangs up on it instead takes the
   * answer back: libkrun drops what it has not read yet when it sees the end of a connection.
   */
  async #left(): Promise<void> {
    using grace = startDeadline({ timeoutMs: CLOSE_GRACE_MS, what: "The end of the last call" });
    while (this.#calls.size + this.#connections.size > 0 && !grace.signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onLeave = resolve;
      await raceSignal(promise, grace.signal).catch(() => {});
    }
  }
}
