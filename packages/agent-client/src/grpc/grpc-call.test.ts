import type { ClientHttp2Stream } from "node:http2";
import { PassThrough } from "node:stream";
import { expect, test, vi } from "vitest";
import { ExecResponseSchema } from "../gen/a3s/agent/v1/agent_pb.ts";
import { GrpcCall } from "./grpc-call.ts";
import { MessageReader } from "./message-reader.ts";

test("a message that cannot be written ends the call, and releases the source of the others", async () => {
  const close = vi.fn();
  const stream = Object.assign(new PassThrough(), { close });
  const reader = new MessageReader(ExecResponseSchema, 1024);
  const call = new GrpcCall(stream as unknown as ClientHttp2Stream, reader, undefined);
  const released = Promise.withResolvers<void>();
  async function* messages() {
    try {
      yield "first";
      yield "second";
    } finally {
      released.resolve();
    }
  }
  await call.send(messages(), () => {
    throw new RangeError("unwritable");
  });
  await released.promise;
  await expect(call.next()).rejects.toThrow("unwritable");
  expect(close).toHaveBeenCalledOnce();
});
