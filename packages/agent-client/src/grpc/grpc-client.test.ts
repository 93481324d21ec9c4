import type { Transport } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import { AgentService } from "../gen/a3s/agent/v1/agent_pb.ts";
import { FileService } from "../gen/a3s/agent/v1/files_pb.ts";
import { createGrpcClient } from "./grpc-client.ts";

/** A transport of which every call answers these messages; what its calls were given, and their ends. */
function answering(...messages: unknown[]) {
  const release = vi.fn(async () => ({ done: true, value: undefined }));
  const rest = messages.values();
  const message = { [Symbol.asyncIterator]: () => ({ next: async () => rest.next(), return: release }) };
  const stream = vi.fn<Transport["stream"]>(async () => ({ message }) as never);
  return { transport: { stream } as unknown as Transport, stream, release };
}

test("the messages of a call come in order, and its input and signal go to it at once", async () => {
  const { transport, stream } = answering(1, 2, 3);
  const { signal } = new AbortController();
  const answers = createGrpcClient(FileService, transport).read({ offset: 7n }, { signal });
  expect(stream).toHaveBeenCalledOnce();
  const [method, passed, , , input] = stream.mock.calls[0] ?? [];
  expect([method, passed]).toEqual([FileService.method.read, signal]);
  expect(await Array.fromAsync(input ?? [])).toEqual([{ offset: 7n }]);
  expect(await Array.fromAsync(answers)).toEqual([1, 2, 3]);
});

test("the messages of a call in both directions are passed on as they are", async () => {
  const { transport, stream } = answering();
  async function* requests(): AsyncGenerator<Record<string, never>> {}
  const input = requests();
  expect(await Array.fromAsync(createGrpcClient(AgentService, transport).exec(input))).toEqual([]);
  expect(stream.mock.calls[0]?.[4]).toBe(input);
});

test("messages that are asked for before the call has begun come in order", async () => {
  const answers = createGrpcClient(FileService, answering(1, 2).transport).read({})[Symbol.asyncIterator]();
  expect(await Promise.all([answers.next(), answers.next()])).toMatchObject([{ value: 1 }, { value: 2 }]);
});

test("leaving the iteration does not end the call", async () => {
  const { transport, release } = answering(1, 2);
  for await (const _ of createGrpcClient(FileService, transport).read({})) break;
  expect(release).not.toHaveBeenCalled();
});

test("a call that cannot begin fails its iteration", async () => {
  const { transport, stream } = answering();
  stream.mockRejectedValue(new RangeError("unwritable"));
  await expect(Array.fromAsync(createGrpcClient(FileService, transport).read({}))).rejects.toThrow("unwritable");
});
