import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { sizeDelimitedDecodeStream, sizeDelimitedEncode } from "@bufbuild/protobuf/wire";
import { GuestMessageSchema, type HostMessage, HostMessageSchema } from "../src/gen/a3s/boot/v1/boot_pb.ts";

/** What a guest says. */
export type Said = NonNullable<MessageInitShape<typeof GuestMessageSchema>["message"]>;

/** A connection to a doorbell, as a guest has one. */
export interface RingingGuest extends Disposable {
  readonly socket: Socket;
  /** Says it and waits for the answer; rejects when the host hangs up instead. */
  say(message: Said): Promise<HostMessage["message"]>;
  /** The next answer. */
  answer(): Promise<HostMessage["message"]>;
  /** Resolves when the host has hung up. */
  readonly hungUp: Promise<void>;
}

export async function ringingGuest(socketPath: string): Promise<RingingGuest> {
  const socket = createConnection({ path: socketPath, allowHalfOpen: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  const { promise: hungUp, resolve } = Promise.withResolvers<void>();
  socket.once("end", resolve).once("close", () => resolve());
  const answers = sizeDelimitedDecodeStream(HostMessageSchema, socket)[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await answers.next();
    if (done) throw new Error("the host hung up");
    return value.message;
  };
  return {
    socket,
    answer,
    say(message) {
      socket.write(bytesOf(message));
      return answer();
    },
    hungUp,
    [Symbol.dispose]: () => socket.destroy(),
  };
}

export function bytesOf(message: Said): Uint8Array {
  return sizeDelimitedEncode(GuestMessageSchema, create(GuestMessageSchema, { message }));
}
