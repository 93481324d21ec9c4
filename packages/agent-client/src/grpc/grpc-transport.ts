import type { ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import type {
  DescMessage,
  DescMethod,
  DescMethodStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type StreamResponse, type Transport, type UnaryResponse } from "@connectrpc/connect";
import { ContentDetour, type OpenContent } from "./content-detour.ts";
import { detouredContent, type TakeContent } from "./detoured-content.ts";
import { GrpcCall } from "./grpc-call.ts";
import { frameMessage } from "./message-frame.ts";
import { MessageReader } from "./message-reader.ts";

/** Opens a stream on whatever connection is there. */
export type OpenStream = (headers: OutgoingHttpHeaders) => ClientHttp2Stream;

/** Ways for content beside the messages of a call. */
export interface ContentWays {
  /** To the agent. */
  readonly open: OpenContent;
  /** From the agent. */
  readonly take: TakeContent;
}

/**
 * gRPC straight on Node's HTTP/2, for Connect's clients: what `@connectrpc/connect-node` does, without what this client has no use for
 * (other protocols, compression, interceptors, headers and time limits of a call, which are ignored). docs/decisions/0031 says why.
 */
export class GrpcTransport implements Transport {
  readonly #open: OpenStream;
  readonly #maxMessageBytes: number;
  readonly #contents: ContentWays | undefined;

  constructor(open: OpenStream, maxMessageBytes: number, contents?: ContentWays) {
    this.#open = open;
    this.#maxMessageBytes = maxMessageBytes;
    this.#contents = contents;
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    _timeoutMs: unknown,
    _headers: unknown,
    input: MessageInitShape<I>,
  ): Promise<UnaryResponse<I, O>> {
    const frame = frameMessage(method.input, input);
    const call = this.#call<O>(method, signal);
    call.finish(frame);
    return answer({ stream: false, service: method.parent, method, message: await only(call) });
  }

  async stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    signal: AbortSignal | undefined,
    _timeoutMs: unknown,
    _headers: unknown,
    input: AsyncIterable<MessageInitShape<I>>,
  ): Promise<StreamResponse<I, O>> {
    const frame = (message: MessageInitShape<I>) => frameMessage(method.input, message);
    // The one message of such a call and its end leave in one write. What cannot be written opens no stream.
    const only = method.methodKind === "server_streaming" ? frame(await first(input)) : undefined;
    const call = this.#call<O>(method, signal);
    if (only === undefined) void call.send(this.#outgoing(method.input, input), frame);
    else call.finish(only);
    return answer({ stream: true, service: method.parent, method, message: call });
  }

  #outgoing<I extends DescMessage>(
    desc: I,
    messages: AsyncIterable<MessageInitShape<I>>,
  ): AsyncIterable<MessageInitShape<I>> {
    return this.#contents === undefined ? messages : new ContentDetour(desc, messages, this.#contents.open);
  }

  #call<O extends DescMessage>(
    method: DescMethod & { readonly output: O },
    signal: AbortSignal | undefined,
  ): GrpcCall<O> {
    if (signal?.aborted) throw new ConnectError("cancelled by the caller", Code.Canceled);
    const stream = this.#open({
      ":method": "POST",
      ":path": `/${method.parent.typeName}/${method.name}`,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const reader = new MessageReader(method.output, this.#maxMessageBytes);
    return new GrpcCall(stream, reader, signal, (listener) =>
      detouredContent(method.output, this.#contents?.take, listener),
    );
  }
}

/** The one message of a call, when the call has ended well. */
async function only<O extends DescMessage>(call: GrpcCall<O>): Promise<MessageShape<O>> {
  const { value: message } = await call.next();
  if (message === undefined) throw new ConnectError("the answer has no message", Code.Internal);
  const { done } = await call.next();
  if (done) return message;
  await call.return();
  throw new ConnectError("the answer has more than one message", Code.Internal);
}

async function first<T>(messages: AsyncIterable<T>): Promise<T> {
  for await (const message of messages) return message;
  throw new ConnectError("the call has no message", Code.Internal);
}

/** Adds the headers that Connect hands to those who ask for them: nobody does here, and they are costly to make. */
function answer<T extends object>(parts: T): T & { readonly header: Headers; readonly trailer: Headers } {
  return Object.defineProperties(parts, {
    header: { get: () => new Headers() },
    trailer: { get: () => new Headers() },
  }) as T & { readonly header: Headers; readonly trailer: Headers };
}
