import { randomBytes } from "node:crypto";
import type { OutgoingContent } from "./outgoing-content.ts";

/** A connection for content out of the guest that a caller may open. Disposing it breaks one whose content has not ended. */
export class ContentOffer implements Disposable {
  readonly token = new Uint8Array(randomBytes(16));
  /** Resolves when the caller has opened it. */
  readonly opened: Promise<OutgoingContent>;
  readonly #opened = Promise.withResolvers<OutgoingContent>();
  readonly #withdraw: () => void;
  #connection: OutgoingContent | undefined;

  constructor(withdraw: () => void) {
    this.opened = this.#opened.promise;
    this.#withdraw = withdraw;
  }

  /** The connection, when the caller has opened it. */
  get connection(): OutgoingContent | undefined {
    return this.#connection;
  }

  /** The caller has come. */
  take(connection: OutgoingContent): void {
    this.#connection = connection;
    this.#opened.resolve(connection);
  }

  [Symbol.dispose](): void {
    this.#withdraw();
    this.#connection?.[Symbol.dispose]();
  }
}
