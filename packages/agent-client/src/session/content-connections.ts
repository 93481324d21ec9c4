import { ContentConnection } from "../socket/content-connection.ts";
import { type ContentReceiver, IncomingContent } from "../socket/incoming-content.ts";

/** Connections to the agent at once: each may have 8 MiB of the guest's memory, which its socket holds while nobody reads. */
const MAX_OUTGOING = 4;
/** Connections from the agent at once: each may have its credit of this process's memory, 2 MiB. */
const MAX_INCOMING = 16;

/** The connections for content to and from one agent, where it has such. */
export class ContentConnections {
  readonly #socketPath: string;
  readonly #outgoing = new Set<ContentConnection>();
  readonly #incoming = new Set<IncomingContent>();
  #taken: boolean | undefined;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /**
   * Opens one to the agent. Undefined while there are as many as may be, and as long as the agent has not said that it takes them, which it is asked by
   * `isTaken`, once.
   */
  open(isTaken: () => Promise<boolean>): ContentConnection | undefined {
    if (this.#taken === undefined) this.#ask(isTaken);
    if (this.#taken !== true || this.#outgoing.size >= MAX_OUTGOING) return undefined;
    const connection = new ContentConnection(this.#socketPath, (closed) => this.#outgoing.delete(closed));
    this.#outgoing.add(connection);
    return connection;
  }

  /** Opens one that the agent has offered; undefined while there are as many as may be. */
  take(token: Uint8Array, receiver: ContentReceiver): IncomingContent | undefined {
    if (this.#incoming.size >= MAX_INCOMING) return undefined;
    const onClose = (closed: IncomingContent) => this.#incoming.delete(closed);
    const connection = new IncomingContent(this.#socketPath, token, receiver, onClose);
    this.#incoming.add(connection);
    return connection;
  }

  /** What is at the socket may be another agent from now on. */
  forget(): void {
    this.#taken = undefined;
  }

  /** Breaks each. */
  destroy(reason: Error): void {
    for (const connection of this.#outgoing) connection[Symbol.dispose]();
    for (const connection of this.#incoming) connection.destroy(reason);
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
