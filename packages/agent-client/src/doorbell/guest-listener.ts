import { chmodSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { raceSignal, startDeadline } from "@a3s/core";
import { converse, type Hear } from "./conversation.ts";

/** Connections at a time. The guest needs one; what else calls is refused, and need not be let in. */
const MAX_CONNECTIONS = 4;
/** Time for answers under way to go out, and for callers to hang up, when the listener is disposed, in milliseconds. */
const CLOSE_GRACE_MS = 1_000;

/**
 * Serves `a3s.boot.v1` on a Unix socket that only this user may use (mode 0600). What callers send is bounded, and nothing they send is
 * logged: a guest must not write into the host's log.
 */
export class GuestListener implements AsyncDisposable {
  readonly #server: Server;
  readonly #socketPath: string;
  readonly #connections = new Set<Socket>();
  #onLeave: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  private constructor(socketPath: string, hear: Hear) {
    this.#socketPath = socketPath;
    this.#server = createServer((connection) => {
      this.#connections.add(connection);
      connection.once("close", () => {
        this.#connections.delete(connection);
        this.#onLeave?.();
      });
      void converse(connection, hear);
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Binds the socket. Rejects with Node's error when that fails. */
  static async listen(socketPath: string, hear: Hear): Promise<GuestListener> {
    const listener = new GuestListener(socketPath, hear);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    listener.#server.once("error", reject);
    listener.#server.listen({ path: socketPath, exclusive: true }, () => resolve());
    // Bound by now, and nobody is let in before this turn ends. Changing the umask instead would hit other threads' files.
    if (listener.#server.listening) chmodSync(socketPath, 0o600);
    await promise;
    listener.#server.off("error", reject);
    return listener;
  }

  /** Lets callers take their answers and hang up, then ends what connections are left and removes the socket. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#left();
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
    while (this.#connections.size > 0 && !grace.signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onLeave = resolve;
      await raceSignal(promise, grace.signal).catch(() => {});
    }
  }
}
