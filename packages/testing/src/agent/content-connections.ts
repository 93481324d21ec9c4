import type { Http2Server } from "node:http2";
import type { Socket } from "node:net";
import { ContentOffer } from "./content-offer.ts";
import { OutgoingContent } from "./outgoing-content.ts";
import { SocketBytes } from "./socket-bytes.ts";

const INTO_THE_GUEST = "a3s-in1\n";
const OUT_OF_THE_GUEST = "a3s-out\n";
const GREETING_BYTES = INTO_THE_GUEST.length;
const TOKEN_BYTES = 16;

/** Connections that carry content beside the messages of a call, as proto/a3s/agent/v1/content.proto has them. */
export class ContentConnections {
  readonly #meetings = new Map<string, PromiseWithResolvers<SocketBytes>>();
  readonly #offers = new Map<string, ContentOffer>();
  readonly #isKnown: boolean;

  /** @param isKnown Whether the agent knows of such connections. */
  constructor(isKnown: boolean) {
    this.#isKnown = isKnown;
  }

  /** Takes a new connection: one that begins as HTTP/2 is the server's. */
  accept(socket: Socket, server: Http2Server): void {
    socket.once("readable", () => {
      const bytes: Buffer | null = socket.read();
      if (bytes === null) return;
      socket.unshift(bytes);
      if (bytes[0] === INTO_THE_GUEST.charCodeAt(0)) void this.#welcome(socket);
      else server.emit("connection", socket);
    });
  }

  /** The content of the connection that says the token, when it has come; it fails when that breaks off. */
  async *content(token: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    const key = keyOf(token);
    await using incoming = await this.#meeting(key).promise;
    this.#meetings.delete(key);
    for (let left = await incoming.number(); left > 0; left = await incoming.number()) {
      while (left > 0) {
        const piece = await incoming.some(left);
        left -= piece.length;
        yield piece;
      }
    }
  }

  /** For content of a call: undefined when it goes in messages alone. */
  for(caller: { readonly takesConnection: boolean }): this | undefined {
    return this.#isKnown && caller.takesConnection ? this : undefined;
  }

  /** A connection that a caller may open for content out of the guest, until the offer is disposed. */
  offer(): ContentOffer {
    const offer = new ContentOffer(() => this.#offers.delete(keyOf(offer.token)));
    this.#offers.set(keyOf(offer.token), offer);
    return offer;
  }

  async #welcome(socket: Socket): Promise<void> {
    const bytes = new SocketBytes(socket);
    try {
      const greeting = (await bytes.exactly(GREETING_BYTES)).toString("latin1");
      const key = keyOf(await bytes.exactly(TOKEN_BYTES));
      const offer = this.#offers.get(key);
      if (greeting === INTO_THE_GUEST) this.#meeting(key).resolve(bytes);
      else if (greeting === OUT_OF_THE_GUEST && offer !== undefined) offer.take(new OutgoingContent(socket, bytes));
      else socket.destroy();
    } catch {
      socket.destroy();
    }
  }

  #meeting(key: string): PromiseWithResolvers<SocketBytes> {
    const meeting = this.#meetings.get(key) ?? Promise.withResolvers<SocketBytes>();
    this.#meetings.set(key, meeting);
    return meeting;
  }
}

const keyOf = (token: Uint8Array) => Buffer.from(token).toString("hex");
