import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { AgentError } from "../errors/agent-error.ts";
import type { ContentReceiver, IncomingContent } from "../socket/incoming-content.ts";
import { PieceQueue } from "../socket/piece-queue.ts";
import { type ContentField, contentFields } from "./content-field.ts";

const TOKEN_BYTES = 16;

/** Time in milliseconds in which the call's stream is to say why its content broke off, before that itself is why. */
const REASON_MS = 1000;

/** Opens the connection that the agent offers; undefined where there may be none. */
export type TakeContent = (token: Uint8Array, receiver: ContentReceiver) => IncomingContent | undefined;

/** Who takes the content. */
export interface ContentListener {
  /** There is something to take, or there was all. */
  onContent(): void;
  /** The call cannot go on. */
  fail(failure: unknown): void;
}

/**
 * The content of a call that comes over a connection of its own (proto/a3s/agent/v1/content.proto), and what is kept of the call's messages until
 * it has been taken. Undefined for calls that have no such content.
 */
export function detouredContent<O extends DescMessage>(
  desc: O,
  take: TakeContent | undefined,
  listener: ContentListener,
): DetouredContent<O> | undefined {
  const fields = contentFields(desc);
  const field = fields.find(({ token }) => token !== undefined);
  return field && take && new DetouredContent(fields, field, take, listener);
}

/** See {@link detouredContent}. Disposing it closes the connection; what has come is still to be taken. */
export class DetouredContent<O extends DescMessage> implements ContentReceiver, Disposable {
  readonly #fields: readonly ContentField[];
  /** The one whose content is detoured. */
  readonly #field: ContentField;
  readonly #open: TakeContent;
  readonly #listener: ContentListener;
  readonly #pieces = new PieceQueue();
  /** Messages that overtook the content. */
  readonly #later: MessageShape<O>[] = [];
  #token: Uint8Array | undefined;
  #connection: IncomingContent | undefined;
  /** The agent has said that the content comes over the connection, all of which stays here until then. */
  #comes = false;
  #ended = false;
  #lost: { readonly failure: ConnectError } | undefined;
  #streamEnded = false;
  #deadline: NodeJS.Timeout | undefined;

  constructor(fields: readonly ContentField[], field: ContentField, open: TakeContent, listener: ContentListener) {
    this.#fields = fields;
    this.#field = field;
    this.#open = open;
    this.#listener = listener;
  }

  /** Whether messages of the call wait here. */
  get keepsMessages(): boolean {
    return this.#later.length > 0;
  }

  /**
   * Whether a message of the call is to be taken before anything that is here. One that is not was about the connection, or is kept.
   *
   * @throws ConnectError for what the agent must not say.
   */
  passes(message: MessageShape<O>): boolean {
    const token = this.#field.token?.(message);
    if (token !== undefined) {
      if (this.#field.bytes(message)?.length) throw violation("it sent content with the word of a connection");
      this.#hear(token);
      return false;
    }
    if (!this.#comes || (this.#later.length === 0 && (this.#isContent(message) || this.#isTaken()))) return true;
    this.#later.push(message);
    return false;
  }

  /** The next message, made of content that has come or kept until then. */
  take(): MessageShape<O> | undefined {
    if (!this.#comes) return undefined;
    const piece = this.#pieces.shift();
    if (piece === undefined) return this.#ended ? this.#later.shift() : undefined;
    this.#connection?.use(piece.length);
    return this.#field.message(piece) as MessageShape<O>;
  }

  /**
   * The call has ended well, but for this. Whether something is still to come.
   *
   * @throws ConnectError when it has broken off.
   */
  isAwaited(): boolean {
    if (!this.#comes || this.#ended) return false;
    if (this.#lost !== undefined) throw this.#lost.failure;
    this.#streamEnded = true;
    return true;
  }

  /** Nobody takes what has come. */
  clear(): void {
    this.#pieces.clear();
    this.#later.length = 0;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#deadline);
    this.#connection?.[Symbol.dispose]();
  }

  onContent(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    if (this.#comes) this.#listener.onContent();
  }

  onContentEnd(): void {
    this.#ended = true;
    if (this.#comes) this.#listener.onContent();
  }

  onContentLost(reason: Error | undefined): void {
    this.#lost = { failure: lost(reason) };
    if (this.#comes) this.#breakOff(this.#lost.failure);
  }

  onContentViolation(what: string): void {
    this.#listener.fail(violation(`it sent ${what}`));
  }

  #hear(token: Uint8Array): void {
    if (this.#token === undefined) {
      if (token.length !== TOKEN_BYTES) throw violation(`it offered a connection by ${token.length} bytes`);
      // Not a view into what was read.
      this.#token = Uint8Array.from(token);
      this.#connection = this.#open(this.#token, this);
      return;
    }
    const isAgreed = !this.#comes && this.#connection !== undefined && Buffer.compare(token, this.#token) === 0;
    if (!isAgreed) throw violation("it sends content over a connection that there is not");
    this.#comes = true;
    if (this.#lost !== undefined) this.#breakOff(this.#lost.failure);
    this.#listener.onContent();
  }

  /** Content keeps no order with that of other fields; everything else counts when it has all come. */
  #isContent(message: MessageShape<O>): boolean {
    for (const field of this.#fields) {
      const content = field.bytes(message);
      if (content === undefined) continue;
      if (field === this.#field && content.length > 0) throw violation("it sent content beside its connection");
      return true;
    }
    return false;
  }

  /** All content has come and was taken. */
  #isTaken(): boolean {
    return this.#ended && this.#pieces.isEmpty;
  }

  /** The agent's own reason, or the end of its VM, is about to be known, unless the agent is defective. */
  #breakOff(failure: ConnectError): void {
    if (this.#streamEnded) this.#listener.fail(failure);
    else this.#deadline = setTimeout(() => this.#listener.fail(failure), REASON_MS);
  }
}

function violation(what: string): ConnectError {
  return new ConnectError(what, Code.Internal);
}

/** As for a stream that breaks; what this side closed the connection for is kept. */
function lost(reason: Error | undefined): ConnectError {
  const message = `the connection with its content broke off${reason === undefined ? "" : `: ${reason.message}`}`;
  const cause = reason instanceof AgentError ? reason : undefined;
  return new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
}
