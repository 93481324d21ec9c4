import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { create } from "@bufbuild/protobuf";
import { sizeDelimitedDecodeStream, sizeDelimitedEncode } from "@bufbuild/protobuf/wire";
import { type GuestMessage, GuestMessageSchema, HostMessageSchema } from "../gen/a3s/boot/v1/boot_pb.ts";
import type { HostAnswer } from "./boot-exchange.ts";

/** Largest message in bytes. With what it becomes when it is read, and what is read of a socket at a time, a caller can make us hold a MiB. */
const MAX_MESSAGE_BYTES = 16 * 1024;
/** Messages of one caller: a guest has two. Endless ones would keep this process busy. */
const MAX_MESSAGES = 8;

/** Answers a message. `caller` is the same object for all that comes over one connection. */
export type Hear = (message: GuestMessage, caller: object) => HostAnswer;

/** Answers what comes over a connection, until the caller hangs up, has said too much or sends what is no message. Never rejects. */
export async function converse(connection: Duplex, hear: Hear): Promise<void> {
  const answers = async function* (chunks: AsyncIterable<Uint8Array>) {
    const bounds = { readMaxBytes: MAX_MESSAGE_BYTES, readUnknownFields: false };
    let count = 0;
    for await (const message of sizeDelimitedDecodeStream(GuestMessageSchema, chunks, bounds)) {
      const answer = create(HostMessageSchema, { message: hear(message, connection) });
      yield sizeDelimitedEncode(HostMessageSchema, answer);
      if (++count === MAX_MESSAGES) return;
    }
  };
  // There is nobody to tell what went wrong.
  await pipeline(connection, answers, connection).catch(() => {});
}
