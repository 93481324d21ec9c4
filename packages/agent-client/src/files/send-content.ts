import { raceSignal } from "@a3s/core";
import { type TransferOptions, transferBounds } from "./file-call.ts";

/** How content is sent in one call. */
export interface SendContent<Message, Answer> {
  readonly what: string;
  readonly options: TransferOptions;
  readonly pieces: AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined>;
  readonly messages: (pieces: AsyncIterable<Uint8Array<ArrayBuffer>>) => AsyncIterable<Message>;
  readonly call: (messages: AsyncIterable<Message>, signal: AbortSignal) => Promise<Answer>;
}

/**
 * Sends content as fast as the guest takes it. A source that fails ends the call, before the guest takes what it has got
 * for the whole.
 *
 * @throws the source's failure, the signal's reason, CoreError `DEADLINE_EXCEEDED`, or AgentError.
 */
export async function sendContent<Message, Answer>(request: SendContent<Message, Answer>): Promise<Answer> {
  using bounds = transferBounds(request.what, request.options);
  let broken: { readonly reason: unknown } | undefined;
  async function* guarded() {
    try {
      for await (const piece of request.pieces) yield piece;
    } catch (reason) {
      broken = { reason };
      bounds.cancel();
      throw reason;
    }
  }
  const messages = request.messages(guarded());
  try {
    return await raceSignal(request.call(messages, bounds.signal), bounds.signal);
  } catch (error) {
    throw broken === undefined ? bounds.failure(error) : broken.reason;
  } finally {
    bounds.cancel();
    // The transport leaves the messages where they are when the guest answers early.
    void request.pieces.return(undefined).catch(() => {});
  }
}
