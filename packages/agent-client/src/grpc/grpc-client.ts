import type { DescMessage, DescMethodStreaming, DescService, MessageShape } from "@bufbuild/protobuf";
import { type CallOptions, type Client, createClient, type StreamResponse, type Transport } from "@connectrpc/connect";

/**
 * Connect's client of a service, except that the messages of a call that answers many are taken where they arrive: Connect hands each of
 * them through two generators, which for content costs more than reading it from HTTP/2.
 */
export function createGrpcClient<S extends DescService>(service: S, transport: Transport): Client<S> {
  const streams: Record<string, unknown> = {};
  for (const method of service.methods) {
    const open = (input: AsyncIterable<Record<string, unknown>>, options?: CallOptions) =>
      answers(transport.stream(method as DescMethodStreaming, options?.signal, undefined, undefined, input));
    if (method.methodKind === "bidi_streaming") streams[method.localName] = open;
    if (method.methodKind !== "server_streaming") continue;
    streams[method.localName] = (input: Record<string, unknown>, options?: CallOptions) => open(only(input), options);
  }
  return Object.assign(createClient(service, transport), streams);
}

async function* only<T>(input: T): AsyncGenerator<T, void, undefined> {
  yield input;
}

/** As from Connect, leaving the iteration does not end the call: its signal does. */
function answers<O extends DescMessage>(
  response: Promise<StreamResponse<DescMessage, O>>,
): AsyncIterable<MessageShape<O>> {
  let messages: AsyncIterator<MessageShape<O>> | undefined;
  const begin = async () => {
    const { message } = await response;
    messages ??= message[Symbol.asyncIterator]();
    return await messages.next();
  };
  return { [Symbol.asyncIterator]: () => ({ next: () => messages?.next() ?? begin() }) };
}
