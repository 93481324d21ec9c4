import type { ContentConnections } from "./content-connections.ts";

/** Content of a call that goes in messages before a connection is offered for the rest. */
const BYTES_IN_MESSAGES = 256 * 1024;

/** What a call says about its content. */
export interface ContentWords<Message> {
  content(bytes: Uint8Array<ArrayBuffer>): Message;
  connection(token: Uint8Array<ArrayBuffer>): Message;
}

/**
 * The messages of a call: its content, and others in between. When there is much content, the rest of it goes over a connection as soon as the
 * caller has opened that.
 *
 * @param contents Undefined for a caller that takes no connection.
 */
export async function* contentMessages<Message extends object>(
  parts: AsyncIterable<Uint8Array<ArrayBuffer> | Message> | Iterable<Uint8Array<ArrayBuffer> | Message>,
  words: ContentWords<Message>,
  contents: ContentConnections | undefined,
): AsyncGenerator<Message, void, undefined> {
  let bytes = 0;
  let isDetoured = false;
  using offer = contents?.offer();
  for await (const part of parts) {
    const connection = offer?.connection;
    if (!(part instanceof Uint8Array)) yield part;
    else if (offer === undefined || connection === undefined) {
      const isLittle = bytes < BYTES_IN_MESSAGES;
      yield words.content(part);
      bytes += part.length;
      if (isLittle && bytes >= BYTES_IN_MESSAGES && offer !== undefined) yield words.connection(offer.token);
    } else {
      if (!isDetoured) yield words.connection(offer.token);
      isDetoured = true;
      await connection.send(part);
    }
  }
  if (isDetoured) await offer?.connection?.end();
}
