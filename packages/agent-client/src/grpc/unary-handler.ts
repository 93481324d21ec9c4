import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { frameMessage } from "./message-frame.ts";
import { MessageReader } from "./message-reader.ts";

/** A method that is answered. */
export interface UnaryRoute {
  readonly path: string;
  /** Begins a call, whose request has so many bytes at most. */
  begin(maxBytes: number): UnaryCall;
}

interface UnaryCall {
  take(chunk: Uint8Array): void;
  /** The answer in gRPC's frame, when all has come. */
  answer(): readonly Uint8Array[];
}

/** Answers a method. A ConnectError that `answer` throws is the answer; anything else is `INTERNAL`, and the caller is told no more. */
export function unaryRoute<I extends DescMethodUnary["input"], O extends DescMethodUnary["output"]>(
  method: DescMethodUnary<I, O>,
  answer: (request: MessageShape<I>) => MessageInitShape<O>,
): UnaryRoute {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    begin(maxBytes) {
      const reader = new MessageReader(method.input, maxBytes);
      const requests: MessageShape<I>[] = [];
      return {
        take(chunk) {
          for (const request of reader.read(chunk)) requests.push(request);
          if (requests.length > 1) throw new ConnectError("there is more than one message", Code.InvalidArgument);
        },
        answer() {
          const [request] = requests;
          if (request === undefined) throw new ConnectError("there is no whole message", Code.InvalidArgument);
          return frameMessage(method.output, answer(request));
        },
      };
    },
  };
}

/**
 * Answers gRPC calls of one message each. Nothing of what callers send is written to the console: they must not write into our log.
 *
 * @param maxBytes Largest request in bytes.
 */
export function unaryHandler(
  routes: readonly UnaryRoute[],
  maxBytes: number,
): (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void {
  const paths = new Map(routes.map((route) => [route.path, route]));
  return (stream, { ":path": path = "" }) => {
    // The caller has left, and there is nobody to tell.
    stream.on("error", () => {});
    serve(stream, () => {
      const call = paths.get(path)?.begin(maxBytes);
      if (call === undefined) throw new ConnectError("there is no such method", Code.Unimplemented);
      return call;
    });
  };
}

function serve(stream: ServerHttp2Stream, begin: () => UnaryCall): void {
  let call: UnaryCall | undefined;
  const step = (work: (call: UnaryCall) => void) => {
    // Answered, or the caller has left.
    if (stream.headersSent || stream.closed || stream.destroyed) return;
    try {
      call ??= begin();
      work(call);
    } catch (error) {
      refuse(stream, error instanceof ConnectError ? error : new ConnectError("", Code.Internal));
    }
  };
  stream.on("data", (chunk: Uint8Array) => step((call) => call.take(chunk)));
  stream.once("end", () => step((call) => respond(stream, call.answer())));
}

function respond(stream: ServerHttp2Stream, frame: readonly Uint8Array[]): void {
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  for (const part of frame) stream.write(part);
  stream.end();
}

function refuse(stream: ServerHttp2Stream, { code, rawMessage }: ConnectError): void {
  const status = { "grpc-status": String(code), "grpc-message": encodeURIComponent(rawMessage) };
  stream.respond({ ":status": 200, "content-type": "application/grpc", ...status }, { endStream: true });
  // What the caller goes on to send is of no use.
  stream.close(constants.NGHTTP2_NO_ERROR);
}
