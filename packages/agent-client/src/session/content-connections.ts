import { ContentConnection } from "../socket/content-connection.ts";

/** Connections at once: each may have 8 MiB of the guest's memory, which its socket holds while nobody reads. */
const MAX_CONNECTIONS = 4;

/** The connections for content to one agent, where it takes such. Disposing them breaks each. */
export class ContentConnections implements Disposable {
  readonly #socketPath: string;
  readonly #open = new Set<ContentConnection>();
  #taken: boolean | undefined;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /**
   * Opens one. Undefined while there are as many as may be, and as long as the agent has not said that it takes them, which it is asked by
   * `isTaken`, once.
   */
  open(isTaken: () => Promise<boolean>): ContentConnection | undefined {
    if (this.#taken === undefined) this.#ask(isTaken);
    if (this.#taken !== true || this.#open.size >= MAX_CONNECTIONS) return undefined;
    const connection = new ContentConnection(this.#socketPath, (closed) => this.#open.delete(closed));
    this.#open.add(connection);
    return connection;
  }

  /** What is at the socket may be another agent from now on. */
  forget(): void {
    this.#taken = undefined;
  }

  [Symbol.dispose](): void {
    for (const connection of this.#open) connection[Symbol.dispose]();
  }

  #ask(isTaken: () => Promise<boolean>): void {
    this.#taken = false;
    isTaken().then(
      (taken) => {
        this.#taken = taken;
      },
      // It is asked again, if there is another call.
      () => this.forget(),
    );
  }
}
