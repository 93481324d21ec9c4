import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Stream } from "node:http2";
import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import {
  type ConnectRouter,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type Interceptor,
} from "@connectrpc/connect";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import type { AgentFault, AgentFaults } from "./agent-fault.ts";
import { answerFault, faultyMessages } from "./fault-stream.ts";

/** Largest request that is taken, in bytes: as much as the agent takes. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

/** The fault that a call met, and the stream that it came on. */
interface Met {
  readonly fault: AgentFault;
  readonly stream: ServerHttp2Stream;
}

const MET = createContextKey<Met | undefined>(undefined);

/**
 * Answers gRPC, and no other protocol of Connect; calls that a fault is meant for go as it wants. Connect's own adapter
 * would write what fails to the console, and here failing is the purpose.
 */
export function agentHandler(
  routes: (router: ConnectRouter) => void,
  faults: AgentFaults,
): (request: Http2ServerRequest, response: Http2ServerResponse) => void {
  const router = createConnectRouter({
    grpc: true,
    grpcWeb: false,
    connect: false,
    readMaxBytes: MAX_REQUEST_BYTES,
    acceptCompression: [],
    interceptors: [letFaultsHappen],
  });
  routes(router);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return (request, response) => {
    const handler = handlers.get(request.url);
    const fault = faults.next(request.url.slice(request.url.lastIndexOf("/") + 1));
    if (fault !== undefined && answerFault(fault, response)) return;
    if (handler === undefined) {
      response.writeHead(404).end();
      return;
    }
    const context = createContextValues().set(MET, fault && { fault, stream: response.stream });
    handler(universalRequestFromNodeRequest(request, response, undefined, context))
      .then((answer) => universalResponseToNodeResponse(answer, response))
      .catch(() => response.stream?.close());
  };
}

const letFaultsHappen: Interceptor = (next) => async (request) => {
  const met = request.contextValues.get(MET);
  const response = await next(request);
  if (met === undefined) return response;
  const { fault, stream } = met;
  const proper = response.stream ? response.message : one(response.message);
  const messages = typed(
    request.method.output,
    faultyMessages(fault, proper, () => stream.close()),
  );
  if (response.stream) return { ...response, message: messages };
  const first = await messages.next();
  if (first.done) throw new Error("A call with one answer cannot be left without one: take another fault");
  // Of one answer, only its end can be waited for.
  if (fault.type === "linger") await messages.next();
  return { ...response, message: first.value };
};

async function* one(message: object): AsyncGenerator<object> {
  yield message;
}

async function* typed<Desc extends DescMessage>(
  desc: Desc,
  messages: AsyncIterable<object>,
): AsyncGenerator<MessageShape<Desc>> {
  for await (const message of messages) yield create(desc, message as never);
}
