import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import type { ContentConnection } from "../socket/content-connection.ts";
import { type ContentField, contentFields } from "./content-field.ts";

/** Content that goes in messages before a connection is opened for the rest: most calls have less. */
const MAX_BYTES_IN_MESSAGES = 256 * 1024;

/** Opens a connection for content; undefined where there is none to be had. */
export type OpenContent = () => ContentConnection | undefined;

type Next<I extends DescMessage> = IteratorResult<MessageInitShape<I>, undefined>;

/**
 * The messages of a call on their way out, without the bulk of their content: that goes over a connection of its own, because HTTP/2 costs
 * host and guest more than the bytes themselves. docs/decisions/0036 has the figures. Whoever iterates has to give it back when the call has
 * ended, by `return`, which ends the connection.
 */
export class ContentDetour<I extends DescMessage> implements AsyncIterableIterator<MessageInitShape<I>, undefined> {
  readonly #messages: AsyncIterator<MessageInitShape<I>>;
  readonly #fields: readonly ContentField[];
  readonly #open: OpenContent;
  readonly #returned = Promise.withResolvers<Next<I>>();
  #isReturned = false;
  #bytesInMessages = 0;
  #connection: ContentConnection | undefined;
  /** Whether the connection has taken what it was last given. */
  #taken: Promise<boolean> = Promise.resolve(true);

  constructor(desc: I, messages: AsyncIterable<MessageInitShape<I>>, open: OpenContent) {
    this.#messages = messages[Symbol.asyncIterator]();
    this.#fields = contentFields(desc);
    this.#open = open;
  }

  async next(): Promise<Next<I>> {
    for (;;) {
      // The agent has hung up: it has said, or is about to say, how the call ends.
      if (!(await this.#taken)) return this.#returned.promise;
      const next = await this.#messages.next();
      // Given back meanwhile: nobody would end a connection that is opened now.
      if (next.done || this.#isReturned) return { done: true, value: undefined };
      const redirected = this.#redirect(next.value);
      if (redirected !== undefined) return { done: false, value: redirected };
    }
  }

  async return(): Promise<Next<I>> {
    this.#isReturned = true;
    this.#connection?.[Symbol.dispose]();
    this.#returned.resolve({ done: true, value: undefined });
    await this.#messages.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The message to send in place of this one, if any. */
  #redirect(message: MessageInitShape<I>): MessageInitShape<I> | undefined {
    for (const field of this.#fields) {
      const content = field.bytes(message);
      if (content !== undefined) return this.#send(message, content, field);
    }
    // What follows the content is sent after its end.
    if (this.#connection !== undefined) this.#await(this.#connection.end());
    return message;
  }

  #send(
    message: MessageInitShape<I>,
    content: Uint8Array,
    { overConnection }: ContentField,
  ): MessageInitShape<I> | undefined {
    let introduction: MessageInitShape<I> | undefined;
    if (this.#connection === undefined) {
      this.#bytesInMessages += content.length;
      if (overConnection === undefined || this.#bytesInMessages <= MAX_BYTES_IN_MESSAGES) return message;
      this.#connection = this.#open();
      if (this.#connection === undefined) return message;
      introduction = overConnection(this.#connection.token) as MessageInitShape<I>;
    }
    this.#await(this.#connection.send(content));
    return introduction;
  }

  /** Whether it was taken, or why not, is known by the next message: there may be none. */
  #await(taken: Promise<boolean>): void {
    taken.catch(() => {});
    this.#taken = taken;
  }
}
